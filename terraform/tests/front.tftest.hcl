# What stands before the bridge, as the root module takes it: all of it goes on.
mock_provider "aws" {
  source = "./modules/aws/tests"
}
mock_provider "genesyscloud" {}

variables {
  package                = "tests/fixtures/dmdesk.zip"
  genesys_region         = "eu-west-1"
  genesys_webhook_secret = "webhook-webhook-webhook"
  accounts               = { acme_ig = { channel = "instagram", id = "17841400000000001" } }
  ops_command            = "true"
  # terraform test takes no default of an ephemeral variable
  instagram             = { app_secrets = ["meta-app-secret"], verify_tokens = ["verify-token-0001"] }
  tiktok                = { app_secrets = ["tiktok-app-secret"], app_id = "7000000000000000001" }
  genesys_oauth_clients = [{ id = "client", secret = "oauth-client-secret" }] # checkov:skip=CKV_SECRET_6:made up
  channel_secrets       = {}
  account_tokens        = {}
}


run "what_is_given_goes_on" {
  variables {
    throttling        = { rate = 50, routes = { replies = { rate = 900, burst = 1800 } } }
    desk_edge         = { reserved_concurrency = 20 }
    domain            = { name = "dm.example.com", zone_id = "ZTHEIRS", base_path = "bridge" }
    waf               = { acl = "own" }
    allowed_addresses = ["203.0.113.0/24"]
    public_url        = "https://cdn.example.com"
    file_access_log   = { bucket = "acme-access-logs" }
  }
  assert {
    condition     = output.webhook_url == "https://cdn.example.com/api/social/webhook" && output.aws.domain_target.zone == "ZAPI" && output.aws.web_acl_arn == "arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/own/1"
    error_message = jsonencode(output.aws)
  }
}

run "a_domain_is_in_every_url" {
  variables {
    domain = { name = "dm.example.com", certificate_arn = "arn:aws:acm:eu-west-1:111122223333:certificate/theirs" }
  }
  assert {
    condition     = output.webhook_url == "https://dm.example.com/api/social/webhook" && output.paste["Meta: app dashboard > Webhooks > Callback URL"] == output.webhook_url && output.genesys_webhook_url == "https://dm.example.com/api/genesys/outbound"
    error_message = jsonencode(output.paste)
  }
}
