# What the rules of a company ask for, from the root: what reaches which module, and names that are none.
mock_provider "aws" {
  source = "./modules/aws/tests"
}

mock_provider "genesyscloud" {
  override_during = plan
}

variables {
  package                  = "tests/fixtures/dmdesk.zip"
  genesys_region           = "eu-west-1"
  genesys_webhook_secret   = "webhook-webhook-webhook"
  accounts                 = { acme_ig = { channel = "instagram", id = "17841400000000001", name = "acme" } }
  genesys_oauth_client_ids = ["client"]
  # terraform test takes no default of an ephemeral variable
  instagram             = { app_secrets = ["meta-app-secret"], verify_tokens = ["verify-token-0001"] }
  tiktok                = { app_secrets = ["tiktok-app-secret"], app_id = "7000000000000000001" }
  genesys_oauth_clients = [{ id = "client", secret = "client-secret" }] # checkov:skip=CKV_SECRET_6:made up
  channel_secrets       = {}
  account_tokens        = {}
  ops_command           = "true"
}

run "all_of_it_reaches_aws" {
  variables {
    tags                      = { "cost-centre" = "4711" }
    role_path                 = "/apps/"
    role_permissions_boundary = "arn:aws:iam::111122223333:policy/boundary"
    kms_key                   = { arn = "arn:aws:kms:eu-west-1:111122223333:key/theirs" }
    alarm_topic               = { arn = "arn:aws:sns:eu-west-1:111122223333:on-call" }
    vpc                       = { subnet_ids = ["subnet-0a"], security_group_ids = ["sg-0b"] }
    package                   = null
    package_s3                = { bucket = "releases", key = "dmdesk.zip", runtime = "python3.13" }
    code_signing_config_arn   = "arn:aws:lambda:eu-west-1:111122223333:code-signing-config:csc-0123456789abcdef0"
  }
  assert {
    condition     = output.arns.key == "arn:aws:kms:eu-west-1:111122223333:key/theirs" && output.alarm_topic_arn == "arn:aws:sns:eu-west-1:111122223333:on-call" && output.arns == output.aws.arns
    error_message = jsonencode(output.arns)
  }
}

run "who_runs_no_command_is_told_which_to_run" {
  variables {
    ops_command = "false"
    link        = "none"
    division    = "Sales"
  }
  assert {
    condition     = length(output.link_commands) == 2 && can(regex("^dmdesk link-flow --integration ${output.integration_ids["acme_ig"]} --flow ${output.flow_id} --external-source [^ ]+$", output.link_commands[0])) && can(regex("^dmdesk grant-role --client client --role ${output.genesys_role_id} --division [^ ]+$", output.link_commands[1]))
    error_message = jsonencode(output.link_commands)
  }
}

run "two_packages" {
  command = plan
  variables {
    package_s3 = { bucket = "releases", key = "dmdesk.zip", runtime = "python3.13" }
  }
  expect_failures = [var.package_s3]
}

run "a_link_that_the_provider_lacks" {
  command = plan
  variables {
    link = "provider"
  }
  expect_failures = [var.link]
}
