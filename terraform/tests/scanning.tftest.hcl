# Who searches files for malware is passed on, and what is no such setting is refused.
mock_provider "aws" {
  source = "./modules/aws/tests"
}

mock_provider "genesyscloud" {
  override_during = plan
}

variables {
  package                = "tests/fixtures/dmdesk.zip"
  genesys_region         = "eu-west-1"
  genesys_webhook_secret = "webhook-webhook-webhook"
  accounts               = { acme_ig = { channel = "instagram", id = "17841400000000001" } }
  # terraform test takes no default of an ephemeral variable
  instagram             = { app_secrets = ["meta-app-secret"], verify_tokens = ["verify-token-0001"] }
  tiktok                = null
  genesys_oauth_clients = [{ id = "client", secret = "client-secret" }] # checkov:skip=CKV_SECRET_6:made up
  channel_secrets       = {}
  account_tokens        = { acme_ig = { access_token = "token" } }
  ops_command           = "true"
}

run "a_scanner_is_passed_on" {
  command = plan
  variables {
    scan                 = "guardduty"
    scan_seconds         = 30
    scan_without_verdict = "hold"
    scan_unscannable     = "allow"
  }
  assert {
    condition     = module.aws.scan == { by = "guardduty", seconds = 30, without_verdict = "hold", unscannable = "allow" }
    error_message = "the module has other settings"
  }
}

run "what_is_no_such_setting" {
  command = plan
  variables {
    scan                 = "clamav"
    scan_seconds         = 4
    scan_without_verdict = "maybe"
    scan_unscannable     = "hold"
  }
  expect_failures = [var.scan, var.scan_seconds, var.scan_without_verdict, var.scan_unscannable]
}
