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

run "no_account" {
  command = plan
  variables {
    accounts = {}
  }
  expect_failures = [var.accounts]
}

run "an_unknown_channel" {
  command = plan
  variables {
    accounts = { acme = { channel = "threads", id = "1" } }
  }
  expect_failures = [var.accounts]
}

run "a_desk_that_is_none" {
  command = plan
  variables {
    accounts = { acme = { channel = "tiktok", id = "a", desk = "reception" } }
  }
  expect_failures = [var.accounts]
}

run "an_instagram_name_for_an_id" {
  command = plan
  variables {
    accounts = { acme = { channel = "instagram", id = "@acme" } }
  }
  expect_failures = [var.accounts]
}

run "an_unknown_login" {
  command = plan
  variables {
    accounts = { acme = { channel = "instagram", id = "1", login = "meta" } }
  }
  expect_failures = [var.accounts]
}

run "facebook_login_without_its_page" {
  command = plan
  variables {
    accounts = { acme = { channel = "instagram", id = "1", login = "facebook" } }
  }
  expect_failures = [var.accounts]
}

run "an_account_twice" {
  command = plan
  variables {
    accounts = { one = { channel = "tiktok", id = "a" }, two = { channel = "tiktok", id = "a" } }
  }
  expect_failures = [var.accounts]
}

run "a_language_that_the_bridge_does_not_speak" {
  command = plan
  variables {
    accounts = { acme = { channel = "tiktok", id = "a", language = "fr" } }
  }
  expect_failures = [var.accounts]
}

run "a_region_that_genesys_lacks" {
  command = plan
  variables {
    genesys_region = "mypurecloud.ie"
  }
  expect_failures = [var.genesys_region]
}

run "a_short_webhook_secret" {
  command = plan
  variables {
    genesys_webhook_secret = "short"
  }
  expect_failures = [var.genesys_webhook_secret]
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

run "a_secret_of_a_channel_that_is_none" {
  command = plan
  variables {
    channel_secrets = { threads = { app_secrets = ["made-up"] } } # checkov:skip=CKV_SECRET_6:made up
  }
  expect_failures = [var.channel_secrets]
}

run "a_secret_without_a_part" {
  command = plan
  variables {
    channel_secrets = { instagram = { app_secrets = ["made-up"] } } # checkov:skip=CKV_SECRET_6:made up
  }
  expect_failures = [var.channel_secrets]
}

run "what_is_done_as_a_window_closes_is_known" {
  command = plan
  variables {
    accounts = { acme_ig = { channel = "instagram", id = "17841400000000001", closing = "always" } }
  }
  expect_failures = [var.accounts]
}

run "words_that_are_more_than_one_message" {
  command = plan
  variables {
    accounts = { a = { channel = "tiktok", id = "-000Ab", outage_text = join("", [for part in range(251) : "x"]) } }
  }
  expect_failures = [var.accounts]
}

run "a_former_integration_with_a_space" {
  command = plan
  variables {
    accounts = { a = { channel = "tiktok", id = "-000Ab", former_integrations = ["int 1"] } }
  }
  expect_failures = [var.accounts]
}

run "connect_without_an_instance" {
  command = plan
  variables {
    accounts = { acme_ig = { channel = "instagram", id = "17841400000000001", desk = "connect" } }
  }
  expect_failures = [var.accounts]
}

run "connect_with_a_fifo_topic" {
  command = plan
  variables {
    connect = { instance = "i", flow = "f", topic = "arn:aws:sns:eu-central-1:123456789012:dmdesk.fifo" }
  }
  expect_failures = [var.connect]
}

run "connect_without_plain_text" {
  command = plan
  variables {
    connect = {
      instance      = "i"
      flow          = "f"
      topic         = "arn:aws:sns:eu-central-1:123456789012:dmdesk"
      content_types = ["text/markdown"]
    }
  }
  expect_failures = [var.connect]
}
