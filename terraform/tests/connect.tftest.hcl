# Amazon Connect beside Genesys Cloud, from the root.
mock_provider "aws" {
  source = "./modules/aws/tests"
  override_resource {
    target = module.connect[0].aws_sns_topic.this
    values = { arn = "arn:aws:sns:eu-west-1:111122223333:dmdesk-connect" }
  }
  override_resource {
    target = module.connect[0].aws_connect_contact_flow.inbound
    values = { arn = "arn:aws:connect:eu-west-1:111122223333:instance/abc/contact-flow/made" }
  }
}

mock_provider "genesyscloud" {
  override_during = plan
}

variables {
  package                = "tests/fixtures/dmdesk.zip"
  genesys_region         = "eu-west-1"
  genesys_webhook_secret = "webhook-webhook-webhook"
  accounts = {
    acme_ig = { channel = "instagram", id = "17841400000000001", name = "acme" }
    acme_tt = { channel = "tiktok", id = "-000Ab1Cd", desk = "connect", flow = "own-flow" }
  }
  # terraform test takes no default of an ephemeral variable
  instagram             = { app_secrets = ["meta-app-secret"], verify_tokens = ["verify-token-0001"] }
  tiktok                = { app_secrets = ["tiktok-app-secret"], app_id = "7000000000000000001" }
  genesys_oauth_clients = [{ id = "client", secret = "client-secret" }] # checkov:skip=CKV_SECRET_6:made up
  channel_secrets       = {}
  account_tokens        = {}
  ops_command           = "true"
  connect               = { instance = "abc", chat_minutes = 60, profiles_domain = "tea-house" }
}

run "the_topic_and_the_flow_are_made_and_the_functions_know_them" {
  assert {
    condition = { for name, value in module.aws.environment : name => value if startswith(name, "DMDESK_CONNECT") } == {
      DMDESK_CONNECT_INSTANCE     = "abc"
      DMDESK_CONNECT_CHAT_MINUTES = "60"

      DMDESK_CONNECT_PROFILES_DOMAIN = "tea-house"
      DMDESK_CONNECT_TOPIC           = "arn:aws:sns:eu-west-1:111122223333:dmdesk-connect"
      DMDESK_CONNECT_FLOW            = "arn:aws:connect:eu-west-1:111122223333:instance/abc/contact-flow/made"
    }
    error_message = jsonencode(module.aws.environment)
  }
  assert {
    condition     = output.connect.topic == "arn:aws:sns:eu-west-1:111122223333:dmdesk-connect" && output.connect.fed_queue == output.aws.fed_queue_arns["connect"] && output.aws.function_names["fed"] == "dmdesk-fed"
    error_message = jsonencode(output.connect)
  }
  assert {
    condition     = strcontains(output.operator_environment, "export DMDESK_FED_DEAD_LETTERS='${output.aws.fed_dead_letter_urls["connect"]}'")
    error_message = output.operator_environment
  }
  assert {
    condition     = length([for right in module.connect[0].rights : right if right.sid == "PutCustomers"]) == 1
    error_message = "who may put customers there"
  }
  assert {
    condition     = keys(output.integration_ids) == ["acme_ig"] && jsondecode(aws_dynamodb_table_item.account["acme_tt"].item).integration == { S = "connect-acme_tt" }
    error_message = "who sits where"
  }
}

run "nobody_at_connect_and_nothing_of_it" {
  variables {
    connect  = null
    accounts = { acme_ig = { channel = "instagram", id = "17841400000000001", name = "acme" } }
  }
  assert {
    condition     = output.connect == null && output.aws.fed_queue_arns == {} && length(module.connect) == 0 && !contains(keys(output.aws.function_names), "fed") && !can(regex("CONNECT", join(" ", keys(module.aws.environment)))) && !strcontains(output.operator_environment, "FED_DEAD_LETTERS")
    error_message = jsonencode(output.aws)
  }
}
