# What a person may get wrong in terraform.tfvars.
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
}

run "a_region_that_genesys_lacks" {
  command = plan
  variables {
    genesys_region = "mypurecloud.ie"
  }
  expect_failures = [var.genesys_region]
}

run "a_secret_that_is_none" {
  command = plan
  variables {
    secret_versions = { meta = 2 }
  }
  expect_failures = [var.secret_versions]
}

run "a_vendor_without_a_scheme" {
  command = plan
  variables {
    vendors = { tiktok_api = "business-api.tiktok.com" }
  }
  expect_failures = [var.vendors]
}

run "a_vendor_that_is_none" {
  command = plan
  variables {
    vendors = { threads_api = "https://graph.threads.net" }
  }
  expect_failures = [var.vendors]
}

run "a_version_that_is_none" {
  command = plan
  variables {
    vendors = { graph_version = "25" }
  }
  expect_failures = [var.vendors]
}

run "other_ids_than_the_clients" {
  command = plan
  variables {
    genesys_oauth_clients    = [{ id = "client", secret = "made-up-by-nobody" }] # checkov:skip=CKV_SECRET_6:made up
    genesys_oauth_client_ids = ["another"]
  }
  expect_failures = [var.genesys_oauth_client_ids]
}

run "an_id_with_a_space" {
  command = plan
  variables {
    genesys_oauth_client_ids = ["a client"]
  }
  expect_failures = [var.genesys_oauth_client_ids]
}
