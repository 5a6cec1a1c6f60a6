# What stands before the bridge, as the root module takes it: what is misspelt is refused, the rest goes on.
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
  instagram             = { app_secrets = ["app-secret"], verify_tokens = ["verify"] }
  tiktok                = { app_secrets = ["tiktok-secret"], app_id = "7000000000000000001" }
  genesys_oauth_clients = []
  channel_secrets       = {}
  account_tokens        = {}
}


run "a_misspelt_limit" {
  command = plan
  variables {
    throttling = { rates = 5 }
  }
  expect_failures = [var.throttling]
}

run "a_misspelt_limit_of_a_route" {
  command = plan
  variables {
    throttling = { routes = { replies = { brust = 5 } } }
  }
  expect_failures = [var.throttling]
}

run "limits_that_are_no_object" {
  command = plan
  variables {
    throttling = "fast"
  }
  expect_failures = [var.throttling]
}

run "a_misspelt_reserve" {
  command = plan
  variables {
    desk_edge = { reserved_concurency = 5 }
  }
  expect_failures = [var.desk_edge]
}

run "a_misspelt_domain" {
  command = plan
  variables {
    domain = { name = "dm.example.com", zone = "Z" }
  }
  expect_failures = [var.domain]
}

run "a_misspelt_web_acl" {
  command = plan
  variables {
    waf = { acls = "own" }
  }
  expect_failures = [var.waf]
}

run "a_misspelt_access_log" {
  command = plan
  variables {
    file_access_log = { bucket = "logs", prefixes = "a/" }
  }
  expect_failures = [var.file_access_log]
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
