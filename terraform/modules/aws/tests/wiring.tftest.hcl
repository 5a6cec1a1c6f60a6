# Names, counts, and what is joined to what.
mock_provider "aws" {
  source = "./tests"
}

variables {
  secrets  = {} # terraform test takes no default of an ephemeral variable
  package  = "../../tests/fixtures/dmdesk.zip"
  accounts = { acme_ig = { channel = "instagram", id = "17841400000000001" }, acme_tt = { channel = "tiktok", id = "-000Ab1Cd" } }
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

run "a_function_per_role_from_one_package" {
  assert {
    condition     = { for role, one in aws_lambda_function.role : role => "${one.function_name} ${one.handler}" } == { edge = "dmdesk-edge app.app", desk_edge = "dmdesk-desk-edge app.app", to_desk = "dmdesk-to-desk app.to_desk", to_customer = "dmdesk-to-customer app.to_customer", upkeep = "dmdesk-upkeep app.upkeep" }
    error_message = "names or handlers"
  }
  assert {
    condition     = alltrue([for role, one in aws_lambda_function.role : one.environment[0].variables["DMDESK_ROLE"] == role])
    error_message = "DMDESK_ROLE"
  }
  assert {
    condition     = alltrue([for one in aws_lambda_function.role : one.runtime == "python3.12" && one.architectures == tolist(["arm64"]) && one.source_code_hash == filebase64sha256("../../tests/fixtures/dmdesk.zip")])
    error_message = "runtime, architecture and hash come with the package"
  }
  assert {
    condition     = { for role, one in aws_lambda_function.role : role => one.timeout } == { edge = 10, desk_edge = 10, to_desk = 80, to_customer = 80, upkeep = 900 }
    error_message = "timeouts"
  }
}

run "the_upkeep_starts_every_five_minutes" {
  assert {
    condition     = aws_scheduler_schedule.upkeep.schedule_expression == "rate(5 minutes)" && aws_scheduler_schedule.upkeep.flexible_time_window[0].mode == "OFF"
    error_message = "every five minutes, on the minute"
  }
  assert {
    condition     = aws_scheduler_schedule.upkeep.target[0].arn == aws_lambda_function.role["upkeep"].arn && aws_scheduler_schedule.upkeep.target[0].role_arn == aws_iam_role.schedule.arn
    error_message = "the schedule starts the upkeep under its own role"
  }
}

run "who_waits_is_raised_in_steps_and_supervisors_have_a_topic" {
  variables {
    closing = { steps = [{ hours = 6, priority = 10 }, { hours = 0.5, priority = 20 }], emails = ["lead@example.com"] }
  }
  assert {
    condition     = aws_lambda_function.role["upkeep"].environment[0].variables["DMDESK_CLOSING_STEPS"] == "6:10,0.5:20"
    error_message = aws_lambda_function.role["upkeep"].environment[0].variables["DMDESK_CLOSING_STEPS"]
  }
  assert {
    condition     = aws_lambda_function.role["upkeep"].environment[0].variables["DMDESK_SUPERVISORS_TOPIC"] == aws_sns_topic.supervisors.arn && output.supervisors_topic_arn == aws_sns_topic.supervisors.arn
    error_message = "the upkeep publishes to the supervisors' topic"
  }
  assert {
    condition     = { for address, one in aws_sns_topic_subscription.supervisors : address => one.topic_arn } == { "lead@example.com" = aws_sns_topic.supervisors.arn }
    error_message = "who gets a mail"
  }
}

run "the_workers_read_their_queues_and_report_each_failure" {
  assert {
    condition     = keys(aws_lambda_event_source_mapping.worker) == ["to_customer", "to_desk"]
    error_message = "one mapping per worker"
  }
  assert {
    condition     = alltrue([for one in aws_lambda_event_source_mapping.worker : one.batch_size == 10 && one.function_response_types == toset(["ReportBatchItemFailures"]) && one.scaling_config[0].maximum_concurrency == 10])
    error_message = "batch, responses, concurrency"
  }
}

run "queues_are_fifo_fast_patient_and_encrypted" {
  assert {
    condition     = toset([for one in concat(values(aws_sqs_queue.main), values(aws_sqs_queue.dead_letters)) : one.name]) == toset(["dmdesk-inbound.fifo", "dmdesk-inbound-dead-letters.fifo", "dmdesk-outbound.fifo", "dmdesk-outbound-dead-letters.fifo"])
    error_message = "names"
  }
  assert {
    condition     = alltrue([for one in concat(values(aws_sqs_queue.main), values(aws_sqs_queue.dead_letters)) : one.fifo_queue && one.sqs_managed_sse_enabled && one.message_retention_seconds == 1209600 && one.deduplication_scope == "messageGroup" && one.fifo_throughput_limit == "perMessageGroupId"])
    error_message = "FIFO, encryption, retention, high throughput"
  }
  assert {
    condition     = alltrue([for one in concat(values(aws_sqs_queue.main), values(aws_sqs_queue.dead_letters)) : one.content_based_deduplication == false])
    error_message = "whoever sends names the event: the same words twice are two messages, and a burial is not a repetition"
  }
  assert {
    condition     = alltrue([for one in aws_sqs_queue.main : one.visibility_timeout_seconds == 480])
    error_message = "visibility is six times the workers' timeout"
  }
  assert {
    condition     = alltrue([for name, one in aws_sqs_queue.main : jsondecode(one.redrive_policy) == { deadLetterTargetArn = aws_sqs_queue.dead_letters[name].arn, maxReceiveCount = 1000 }])
    error_message = "the redrive is the last net: as far away as SQS allows, and into the queue's own dead letters"
  }
}

run "what_a_queue_points_at_outlives_every_way_through_the_queues" {
  assert {
    condition = alltrue([
      for name, one in aws_sqs_queue.main :
      local.aside_days * 24 * 3600 > 2 * (one.message_retention_seconds + aws_sqs_queue.dead_letters[name].message_retention_seconds)
    ])
    error_message = "an event set aside is there in its queue, in the dead letters, and in both again after a replay"
  }
  assert {
    condition     = var.retention.parked_days >= local.aside_days
    error_message = "what waits for an operator is kept no shorter than what waits for a worker"
  }
}

run "visibility_follows_the_timeout" {
  variables {
    workers = { timeout_s = 70, maximum_concurrency = 4, at_once = 1, reserved_concurrency = 4 }
  }
  assert {
    condition     = aws_lambda_function.role["to_desk"].environment[0].variables.DMDESK_AT_ONCE == "1"
    error_message = "one conversation after the other"
  }
  assert {
    condition     = aws_sqs_queue.main["inbound"].visibility_timeout_seconds == 420 && aws_lambda_function.role["to_desk"].reserved_concurrent_executions == 4
    error_message = "six times 70"
  }
  assert {
    condition     = aws_lambda_function.role["upkeep"].timeout == 900 && aws_lambda_function.role["upkeep"].reserved_concurrent_executions == -1
    error_message = "the upkeep has a timeout of its own, and none of the workers' reserve"
  }
}

run "the_api_hands_over_exact_bytes_by_the_verbs_that_are_served" {
  assert {
    condition     = aws_api_gateway_rest_api.this.binary_media_types == tolist(["*/*"]) && one(aws_api_gateway_rest_api.this.endpoint_configuration).types == tolist(["REGIONAL"])
    error_message = "binary, regional"
  }
  assert {
    condition = { for name, one in aws_api_gateway_method.served : name => one.http_method } == {
      "GET /api/deletion/{name}"         = "GET"
      "GET /api/health"                  = "GET"
      "GET /api/media/{token}"           = "GET"
      "GET /api/social/webhook"          = "GET"
      "HEAD /api/deletion/{name}"        = "HEAD"
      "HEAD /api/health"                 = "HEAD"
      "HEAD /api/media/{token}"          = "HEAD"
      "POST /api/deauthorised/{channel}" = "POST"
      "POST /api/deletion/{name}"        = "POST"
      "POST /api/genesys/outbound"       = "POST"
      "POST /api/social/webhook"         = "POST"
    }
    error_message = "a method per route and verb, and none for any"
  }
  assert {
    condition     = toset(concat(keys(aws_api_gateway_resource.first), keys(aws_api_gateway_resource.second), keys(aws_api_gateway_resource.third))) == toset(["api", "api/deauthorised", "api/deletion", "api/genesys", "api/health", "api/media", "api/social", "api/deauthorised/{channel}", "api/deletion/{name}", "api/genesys/outbound", "api/media/{token}", "api/social/webhook"])
    error_message = "the tree of resources"
  }
  assert {
    condition     = keys(aws_lambda_permission.api) == ["desk_edge", "edge"] && alltrue([for one in aws_lambda_permission.api : one.source_arn == "arn:aws:execute-api:eu-west-1:111122223333:api/v1/*/api/*"])
    error_message = "only this API's stage may invoke the edges"
  }
  assert {
    condition     = !can(regex("(?i)query|header|body|authorizer|context\\.path", aws_api_gateway_stage.this.access_log_settings[0].format))
    error_message = "the access log must not hold Meta's verify token, a link to media, nor anything that customers wrote"
  }
  assert {
    condition     = aws_api_gateway_method_settings.all.settings[0].throttling_rate_limit == 200 && !aws_api_gateway_method_settings.all.settings[0].data_trace_enabled && !aws_api_gateway_stage.this.xray_tracing_enabled
    error_message = "throttled, and no bodies in logs"
  }
}

run "the_table_and_the_bucket_are_kept_and_private" {
  assert {
    condition     = aws_dynamodb_table.ledger.billing_mode == "PAY_PER_REQUEST" && aws_dynamodb_table.ledger.hash_key == "pk" && aws_dynamodb_table.ledger.range_key == "sk" && aws_dynamodb_table.ledger.ttl[0].attribute_name == "expires_at" && aws_dynamodb_table.ledger.point_in_time_recovery[0].enabled && aws_dynamodb_table.ledger.deletion_protection_enabled
    error_message = "table"
  }
  assert {
    condition     = { for index in aws_dynamodb_table.ledger.global_secondary_index : index.name => "${index.hash_key} ${index.range_key} ${index.projection_type}" } == { waiting = "waits_at waits_since KEYS_ONLY", sitting = "sits_at asks_at KEYS_ONLY" }
    error_message = "the indexes of what waits for an answer and of what sits at a desk, which repeat keys only"
  }
  assert {
    condition     = aws_s3_bucket.shelf.bucket == "dmdesk-111122223333-eu-west-1" && !aws_s3_bucket.shelf.force_destroy
    error_message = "bucket"
  }
  assert {
    condition     = { for rule in aws_s3_bucket_lifecycle_configuration.shelf.rule : rule.id => try(rule.expiration[0].days, 0) } == { aside = 60, parked = 90, media = 90, erasures = 1095, unfinished = 0 }
    error_message = "lifecycle"
  }
  assert {
    condition     = jsondecode(aws_s3_bucket_policy.shelf.policy).Statement[0].Condition.Bool["aws:SecureTransport"] == "false" && jsondecode(aws_s3_bucket_policy.shelf.policy).Statement[0].Effect == "Deny"
    error_message = "TLS only"
  }
}

run "a_secret_for_each_purpose_and_account" {
  assert {
    condition     = toset([for one in aws_secretsmanager_secret.this : one.name]) == toset(["dmdesk/instagram", "dmdesk/tiktok", "dmdesk/genesys-webhook", "dmdesk/genesys-oauth", "dmdesk/media", "dmdesk/account/instagram/17841400000000001", "dmdesk/account/tiktok/-000Ab1Cd"])
    error_message = "names"
  }
  assert {
    condition     = output.account_secret_names == { acme_ig = "dmdesk/account/instagram/17841400000000001", acme_tt = "dmdesk/account/tiktok/-000Ab1Cd" }
    error_message = "what the account items name"
  }
}

run "every_alarm_tells_the_topic" {
  variables {
    alarms = { emails = ["ops@example.com"] }
  }
  assert {
    condition = alltrue([
      for one in concat(
        values(aws_cloudwatch_metric_alarm.dead_letters), values(aws_cloudwatch_metric_alarm.oldest_message),
        values(aws_cloudwatch_metric_alarm.errors), values(aws_cloudwatch_metric_alarm.throttles),
        values(aws_cloudwatch_metric_alarm.quiet), values(aws_cloudwatch_metric_alarm.counted),
        values(aws_cloudwatch_metric_alarm.latency), values(aws_cloudwatch_metric_alarm.token_days_left),
        [aws_cloudwatch_metric_alarm.edge_5xx, aws_cloudwatch_metric_alarm.edge_4xx],
        [aws_cloudwatch_metric_alarm.throttled, aws_cloudwatch_metric_alarm.replies_throttled],
        values(aws_cloudwatch_metric_alarm.hourly), values(aws_cloudwatch_metric_alarm.dead_letters_oldest),
      ) : one.alarm_actions == toset([aws_sns_topic.alarms[0].arn]) && length(one.alarm_description) > 30 && can(regex(" docs/runbooks/[a-z0-9_]+\\.md$", one.alarm_description))
    ])
    error_message = "an alarm that nobody hears, or that does not say what to do"
  }
  assert {
    condition     = length(local.alarm_arns) == 2 + 2 + 2 + 5 + 5 + 2 + 14 + 2 + 3 + 3 + 5 && keys(aws_sns_topic_subscription.mail) == ["ops@example.com"]
    error_message = "an alarm is missing on the dashboard"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.quiet["tiktok"].evaluation_periods == 24 && aws_cloudwatch_metric_alarm.quiet["tiktok"].treat_missing_data == "breaching" && aws_cloudwatch_metric_alarm.quiet["tiktok"].dimensions == tomap({ service = "dmdesk", source = "tiktok" })
    error_message = "silence"
  }
  assert {
    condition = alltrue([
      for one in concat(
        values(aws_cloudwatch_metric_alarm.counted), values(aws_cloudwatch_metric_alarm.token_days_left),
        values(aws_cloudwatch_metric_alarm.hourly),
        [aws_cloudwatch_metric_alarm.throttled, aws_cloudwatch_metric_alarm.replies_throttled],
      ) : one.dimensions == tomap({ service = "dmdesk" }) && one.namespace == "dmdesk" && one.treat_missing_data == "notBreaching"
    ])
    error_message = "what the bridge counts is watched as its total"
  }
  assert {
    condition = { for metric, one in aws_cloudwatch_metric_alarm.counted : "${one.alarm_name} ${one.metric_name}" => "${one.threshold} in ${one.period} s" } == {
      "dmdesk-rejected rejected"                     = "20 in 300 s"
      "dmdesk-refused refused"                       = "5 in 3600 s"
      "dmdesk-unconfirmed unconfirmed"               = "5 in 3600 s"
      "dmdesk-receipt-lost receipt_lost"             = "1 in 300 s"
      "dmdesk-sent-again sent_again"                 = "5 in 3600 s"
      "dmdesk-media-failed media_failed"             = "10 in 3600 s"
      "dmdesk-guard-held guard_held"                 = "1 in 300 s"
      "dmdesk-parked parked"                         = "1 in 300 s"
      "dmdesk-failed failed"                         = "1 in 300 s"
      "dmdesk-misconfigured misconfigured"           = "1 in 300 s"
      "dmdesk-account-unreadable account_unreadable" = "1 in 300 s"
      "dmdesk-account-stopped account_stopped"       = "1 in 300 s"
      "dmdesk-problem-unlisted problem_unlisted"     = "1 in 300 s"
      "dmdesk-proof-gaps proof_gaps"                 = "1 in 3600 s"
    }
    error_message = "how many of what in which time ring"
  }
  assert {
    condition     = { for direction, one in aws_cloudwatch_metric_alarm.latency : direction => "${one.metric_name} ${one.extended_statistic} ${one.dimensions["direction"]} ${one.dimensions["service"]} ${one.threshold}" } == { inbound = "latency_ms p95 inbound dmdesk 30000", outbound = "latency_ms p95 outbound dmdesk 30000" }
    error_message = "one in twenty takes longer than 30 s, either way"
  }
  assert {
    condition     = { for one in values(aws_cloudwatch_metric_alarm.token_days_left) : one.alarm_name => "${one.statistic} ${one.comparison_operator} ${one.threshold}" } == { dmdesk-token-days-left = "Minimum LessThanThreshold 14", dmdesk-token-days-left-7 = "Minimum LessThanThreshold 7", dmdesk-token-days-left-1 = "Minimum LessThanThreshold 1" }
    error_message = "the token that ends first, three times"
  }
  assert {
    condition = { for metric, one in aws_cloudwatch_metric_alarm.hourly : "${one.alarm_name} ${one.metric_name}" => "${one.statistic} ${one.comparison_operator} ${one.threshold} in ${one.period} s" } == {
      "dmdesk-token-not-renewed token_not_renewed"   = "Sum GreaterThanOrEqualToThreshold 1 in 7200 s"
      "dmdesk-parked-oldest-days parked_oldest_days" = "Maximum GreaterThanOrEqualToThreshold 60 in 7200 s"
      "dmdesk-paused-hours paused_hours"             = "Maximum GreaterThanOrEqualToThreshold 12 in 7200 s"
    }
    error_message = "what the upkeep counts"
  }
  assert {
    condition     = length(jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets) == 20
    error_message = "dashboard"
  }
}

run "alarms_ring_where_they_are_told_to" {
  variables {
    alarms = { latency_s = 10, unconfirmed = 1, sent_again = 2, media_failed = 3, rejected = 4, refused = 6, oldest_message_s = 60 }
  }
  assert {
    condition     = [for metric in ["unconfirmed", "sent_again", "media_failed", "rejected", "refused"] : aws_cloudwatch_metric_alarm.counted[metric].threshold] == [1, 2, 3, 4, 6]
    error_message = "how many"
  }
  assert {
    condition     = alltrue([for one in aws_cloudwatch_metric_alarm.latency : one.threshold == 10000]) && alltrue([for one in aws_cloudwatch_metric_alarm.oldest_message : one.threshold == 60])
    error_message = "how long"
  }
}

run "what_the_api_throttles_is_told_by_its_access_log" {
  assert {
    condition     = aws_cloudwatch_log_metric_filter.throttled.pattern == "{ $.status = \"429\" }" && aws_cloudwatch_log_metric_filter.throttled.log_group_name == aws_cloudwatch_log_group.api.name
    error_message = "every 429 of the access log"
  }
  assert {
    condition     = [for one in aws_cloudwatch_log_metric_filter.throttled.metric_transformation : "${one.namespace} ${one.name} ${one.value} ${one.dimensions["service"]}"] == ["dmdesk throttled 1 $.service"]
    error_message = "counted as the alarm looks for it"
  }
  assert {
    condition     = jsondecode(aws_api_gateway_stage.this.access_log_settings[0].format).service == "dmdesk" && jsondecode(aws_api_gateway_stage.this.access_log_settings[0].format).status == "$context.status"
    error_message = "each line says whose it is, and how it was answered"
  }
  assert {
    condition = { for name, from in jsondecode(aws_api_gateway_stage.this.access_log_settings[0].format) : name => from if contains(["responseType", "waf", "tls"], name) } == {
      responseType = "$context.error.responseType", waf = "$context.wafResponseCode", tls = "$context.tlsVersion"
    }
    error_message = "each line says who refused, and by which TLS it came"
  }
  assert {
    condition     = aws_cloudwatch_log_metric_filter.replies_throttled.pattern == "{ $.status = \"429\" && ($.resource = \"/api/genesys/outbound\") }" && [for one in aws_cloudwatch_log_metric_filter.replies_throttled.metric_transformation : "${one.name} ${one.dimensions["service"]}"] == ["replies_throttled $.service"]
    error_message = "replies that were throttled are told apart"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.edge_4xx.threshold == 300 && aws_cloudwatch_metric_alarm.edge_4xx.metric_name == "4XXError" && aws_cloudwatch_metric_alarm.edge_4xx.dimensions == tomap({ ApiName = "dmdesk", Stage = "v1" })
    error_message = "what the whole API refuses"
  }
}

run "the_functions_know_where_media_is_and_for_how_long" {
  variables {
    media_days  = 30
    media_hosts = ["cdn.example.com", "https://gateway.example.com:8443"]
  }
  assert {
    condition = alltrue([for one in aws_lambda_function.role : {
      for name, value in one.environment[0].variables : name => value if contains(["DMDESK_MEDIA_SECRET", "DMDESK_PUBLIC_URL", "DMDESK_MEDIA_DAYS", "DMDESK_MEDIA_HOSTS"], name)
      } == {
      DMDESK_MEDIA_SECRET = "dmdesk/media"
      DMDESK_PUBLIC_URL   = "https://api.execute-api.eu-west-1.amazonaws.com/v1"
      DMDESK_MEDIA_DAYS   = "30"
      DMDESK_MEDIA_HOSTS  = "cdn.example.com,https://gateway.example.com:8443"
    }])
    error_message = jsonencode(aws_lambda_function.role["edge"].environment[0].variables)
  }
  assert {
    condition     = one([for rule in aws_s3_bucket_lifecycle_configuration.shelf.rule : rule.expiration[0].days if rule.id == "media"]) == 30
    error_message = "the bucket forgets when the links end"
  }
}

run "each_place_keeps_what_it_holds_as_long_as_it_is_told" {
  variables {
    retention = { queue_days = 12, dead_letter_days = 7, parked_days = 50, profile_days = 2, certificate_days = 400, backup_days = 10 }
  }
  assert {
    condition     = alltrue([for one in aws_sqs_queue.main : one.message_retention_seconds == 12 * 86400]) && alltrue([for one in aws_sqs_queue.dead_letters : one.message_retention_seconds == 7 * 86400])
    error_message = "queues and dead letters"
  }
  assert {
    condition     = { for rule in aws_s3_bucket_lifecycle_configuration.shelf.rule : rule.id => try(rule.expiration[0].days, 0) } == { aside = 42, parked = 50, media = 90, erasures = 400, unfinished = 0 }
    error_message = "the bucket"
  }
  assert {
    condition     = aws_dynamodb_table.ledger.point_in_time_recovery[0].enabled && aws_dynamodb_table.ledger.point_in_time_recovery[0].recovery_period_in_days == 10
    error_message = "backups"
  }
  assert {
    condition     = aws_lambda_function.role["upkeep"].environment[0].variables.DMDESK_QUEUE_DAYS == "19" && aws_lambda_function.role["to_desk"].environment[0].variables.DMDESK_PROFILE_DAYS == "2" && aws_lambda_function.role["upkeep"].environment[0].variables.DMDESK_BACKUP_DAYS == "10"
    error_message = "the functions are told, as certificates tell it"
  }
}

run "every_url_is_the_public_one" {
  variables {
    public_url = "https://dm.example.com/bridge/"
  }
  assert {
    condition     = [output.webhook_url, output.genesys_webhook_url, output.health_url, output.environment["DMDESK_PUBLIC_URL"]] == ["https://dm.example.com/bridge/api/social/webhook", "https://dm.example.com/bridge/api/genesys/outbound", "https://dm.example.com/bridge/api/health", "https://dm.example.com/bridge"]
    error_message = jsonencode(output.environment)
  }
}

run "what_is_switched_off_is_not_made" {
  variables {
    alarms                = { quiet_hours = 0 }
    api_gateway_logs_role = false
    deletion_protection   = false
    name                  = "second"
  }
  assert {
    condition     = length(aws_cloudwatch_metric_alarm.quiet) == 0 && length(aws_api_gateway_account.this) == 0 && length(aws_iam_role.api_logs) == 0 && !aws_dynamodb_table.ledger.deletion_protection_enabled
    error_message = "switches"
  }
  assert {
    condition     = aws_lambda_function.role["edge"].function_name == "second-edge" && aws_lambda_function.role["edge"].environment[0].variables["POWERTOOLS_SERVICE_NAME"] == "second"
    error_message = "a second bridge in the same account"
  }
}
