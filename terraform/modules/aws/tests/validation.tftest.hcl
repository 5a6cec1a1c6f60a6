# What a person may get wrong is refused by name, before anything is made.
mock_provider "aws" {
  source = "./tests"
}

variables {
  package  = "../../tests/fixtures/dmdesk.zip"
  accounts = { acme_ig = { channel = "instagram", id = "17841400000000001" } }
  channels = {
    instagram = { title = "Instagram", settings = { instagram_graph = "https://graph.instagram.com" } }
    tiktok    = { title = "TikTok", settings = { tiktok_api = "https://business-api.tiktok.com" } }
  }
  desks = {
    genesys = {
      title           = "Genesys Cloud"
      webhook         = "/api/genesys/outbound"
      webhook_secrets = ["genesys-webhook"]
      client_secrets  = ["genesys-oauth"]
      settings        = { genesys_api = "https://api.mypurecloud.ie" }
    }
  }
}

run "no_package" {
  command = plan
  variables {
    package = "../../tests/fixtures/nothing.zip"
  }
  expect_failures = [var.package]
}

run "a_name_that_s3_refuses" {
  command = plan
  variables {
    name = "DM_Desk"
  }
  expect_failures = [var.name]
}

run "a_worker_that_outlives_its_claim" {
  command = plan
  variables {
    workers = { timeout_s = 90 }
  }
  expect_failures = [var.workers]
}

run "a_worker_that_never_begins" {
  command = plan
  variables {
    workers = { timeout_s = 55 }
  }
  expect_failures = [var.workers]
}

run "a_worker_at_no_conversation" {
  command = plan
  variables {
    workers = { at_once = 0 }
  }
  expect_failures = [var.workers]
}

run "a_worker_at_more_than_a_batch_holds" {
  command = plan
  variables {
    workers = { at_once = 11 }
  }
  expect_failures = [var.workers]
}

run "more_pollers_than_functions" {
  command = plan
  variables {
    workers = { reserved_concurrency = 5 }
  }
  expect_failures = [var.workers]
}

run "an_edge_slower_than_the_api" {
  command = plan
  variables {
    edge = { timeout_s = 30 }
  }
  expect_failures = [var.edge]
}

run "an_alarm_that_always_rings" {
  command = plan
  variables {
    alarms = { sent_again = 0 }
  }
  expect_failures = [var.alarms]
}

run "an_alarm_at_once" {
  command = plan
  variables {
    alarms = { latency_s = -1 }
  }
  expect_failures = [var.alarms]
}

run "our_own_variables_in_the_environment" {
  command = plan
  variables {
    environment = { DMDESK_TABLE = "another" }
  }
  expect_failures = [var.environment]
}

run "media_kept_for_no_time" {
  command = plan
  variables {
    media_days = 0
  }
  expect_failures = [var.media_days]
}

run "media_kept_for_ever" {
  command = plan
  variables {
    media_days = 3651
  }
  expect_failures = [var.media_days]
}

run "messages_kept_longer_than_a_queue_can" {
  command = plan
  variables {
    retention = { queue_days = 15 }
  }
  expect_failures = [var.retention]
}

run "messages_kept_shorter_than_a_pause_lasts" {
  command = plan
  variables {
    retention = { queue_days = 10 }
  }
  expect_failures = [var.retention]
}

run "profiles_kept_longer_than_conversations" {
  command = plan
  variables {
    retention = { profile_days = 31 }
  }
  expect_failures = [var.retention]
}

run "backups_longer_than_dynamodb_keeps" {
  command = plan
  variables {
    retention = { backup_days = 36 }
  }
  expect_failures = [var.retention]
}

run "parked_for_half_a_day" {
  command = plan
  variables {
    retention = { parked_days = 0.5 }
  }
  expect_failures = [var.retention]
}

run "a_reply_that_is_late_at_once" {
  command = plan
  variables {
    late_reply_minutes = 0
  }
  expect_failures = [var.late_reply_minutes]
}

run "an_outage_at_once" {
  command = plan
  variables {
    outage_minutes = 0
  }
  expect_failures = [var.outage_minutes]
}

run "a_return_after_all_is_deleted" {
  command = plan
  variables {
    parked_return_hours = 2161
  }
  expect_failures = [var.parked_return_hours]
}

run "a_media_host_with_a_path" {
  command = plan
  variables {
    media_hosts = ["https://cdn.example.com/media"]
  }
  expect_failures = [var.media_hosts]
}

run "a_media_host_that_is_every_host" {
  command = plan
  variables {
    media_hosts = ["*"]
  }
  expect_failures = [var.media_hosts]
}

run "media_from_everybody_below_a_domain" {
  command = plan
  variables {
    media_hosts = ["cdn.example.com", "s3.eu-west-1.amazonaws.com"]
  }
  expect_failures = [var.media_hosts]
}

run "a_public_url_that_is_still_a_placeholder" {
  command = plan
  variables {
    media_hosts = ["com"]
    public_url  = "https://…"
  }
  expect_failures = [var.media_hosts, var.public_url]
}

run "a_public_url_without_a_scheme" {
  command = plan
  variables {
    public_url = "dm.example.com"
  }
  expect_failures = [var.public_url]
}

run "a_retention_that_cloudwatch_lacks" {
  command = plan
  variables {
    log_retention_days = 42
  }
  expect_failures = [var.log_retention_days]
}

run "a_raised_version_without_a_value_would_empty_the_secret" {
  command = plan
  variables {
    secret_versions = { tiktok = 2 }
  }
  expect_failures = [aws_secretsmanager_secret_version.this["tiktok"]]
}

run "links_to_media_get_another_key_without_being_given_one" {
  command = plan
  variables {
    secret_versions = { media = 2 }
    secrets         = {}
  }
  assert {
    condition     = aws_secretsmanager_secret_version.this["media"].secret_string_wo_version == 2
    error_message = "version"
  }
}

run "a_raised_version_with_its_value_is_written" {
  command = plan
  variables {
    secret_versions = { tiktok = 2 }
    secrets         = { tiktok = "{\"secrets\": [\"another\"]}" }
  }
  assert {
    condition     = aws_secretsmanager_secret_version.this["tiktok"].secret_string_wo_version == 2
    error_message = "version"
  }
}

run "closing_steps_without_one" {
  command = plan
  variables {
    closing = { steps = [] }
  }
  expect_failures = [var.closing]
}

run "two_closing_steps_of_the_same_hours" {
  command = plan
  variables {
    closing = { steps = [{ hours = 4, priority = 1 }, { hours = 4, priority = 2 }] }
  }
  expect_failures = [var.closing]
}

run "a_priority_that_falls_as_the_end_comes_nearer" {
  command = plan
  variables {
    closing = { steps = [{ hours = 4, priority = 2 }, { hours = 1, priority = 1 }] }
  }
  expect_failures = [var.closing]
}

run "a_priority_that_genesys_does_not_take" {
  command = plan
  variables {
    closing = { steps = [{ hours = 4, priority = 25000001 }] }
  }
  expect_failures = [var.closing]
}

run "a_name_that_s3_keeps" {
  command = plan
  variables {
    name = "xn--shop"
  }
  expect_failures = [var.name]
}

run "a_variable_that_lambda_sets" {
  command = plan
  variables {
    environment = { AWS_REGION = "eu-west-1" }
  }
  expect_failures = [var.environment]
}

run "a_variable_that_is_none" {
  command = plan
  variables {
    environment = { "MY-PROXY" = "http://proxy" }
  }
  expect_failures = [var.environment]
}

run "half_a_version" {
  command = plan
  variables {
    secret_versions = { tiktok = 1.5 }
  }
  expect_failures = [var.secret_versions]
}

run "a_secret_recovered_for_five_days" {
  command = plan
  variables {
    secret_recovery_days = 5
  }
  expect_failures = [var.secret_recovery_days]
}
