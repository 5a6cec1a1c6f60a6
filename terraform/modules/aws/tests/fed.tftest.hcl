# A desk that tells by a topic has a queue, and a function that takes it; where none does, there is none of it.
mock_provider "aws" {
  source = "./tests"
}

variables {
  secrets  = {} # terraform test takes no default of an ephemeral variable
  package  = "../../tests/fixtures/dmdesk.zip"
  accounts = { acme_ig = { channel = "instagram", id = "17841400000000001" } }
  channels = { instagram = { title = "Instagram", settings = { instagram_graph = "https://graph.instagram.com" } } }
  desks = {
    genesys = { title = "Genesys Cloud", webhook = "/api/genesys/outbound", webhook_secrets = ["genesys-webhook"], client_secrets = ["genesys-oauth"], settings = {} }
    loft = {
      title           = "Loft"
      webhook         = ""
      webhook_secrets = []
      client_secrets  = []
      settings        = {}
      fed             = { topic = "arn:aws:sns:eu-west-1:111122223333:loft", service = "loft.amazonaws.com" }
      rights          = [{ sid = "KnockAtTheLoft", actions = ["loft:Knock"], resources = ["arn:aws:loft:::door"] }]
    }
  }
}

run "its_queue_is_named_after_it_and_takes_its_topic_only" {
  assert {
    condition     = aws_sqs_queue.fed["loft"].name == "dmdesk-from-loft" && aws_sqs_queue.fed_dead_letters["loft"].name == "dmdesk-from-loft-dead-letters" && keys(aws_sqs_queue.fed) == ["loft"]
    error_message = "names"
  }
  assert {
    condition = jsondecode(aws_sqs_queue_policy.fed["loft"].policy).Statement[0] == {
      Sid       = "ItsTopic"
      Effect    = "Allow"
      Principal = { Service = "sns.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.fed["loft"].arn
      Condition = { ArnEquals = { "aws:SourceArn" = "arn:aws:sns:eu-west-1:111122223333:loft" } }
    }
    error_message = aws_sqs_queue_policy.fed["loft"].policy
  }
  assert {
    condition     = alltrue([for policy in [aws_sqs_queue_policy.fed["loft"].policy, aws_sqs_queue_policy.fed_dead_letters["loft"].policy] : contains([for one in jsondecode(policy).Statement : one.Sid], "TlsOnly")])
    error_message = "nothing without TLS"
  }
  assert {
    condition = [for one in jsondecode(aws_sqs_queue_policy.fed_dead_letters["loft"].policy).Statement : [one.Sid, one.Action, one.Condition] if one.Effect == "Allow"] == [
      ["ItsTopic", "sqs:SendMessage", { ArnEquals = { "aws:SourceArn" = "arn:aws:sns:eu-west-1:111122223333:loft" } }]
    ]
    error_message = "what its topic cannot put onto the queue goes to the dead letters, and nothing else"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.fed_refused["loft"].alarm_name == "dmdesk-from-loft-refused" && aws_cloudwatch_metric_alarm.fed_refused["loft"].metric_name == "NumberOfNotificationsFailed" && aws_cloudwatch_metric_alarm.fed_refused["loft"].dimensions == tomap({ TopicName = "loft" })
    error_message = "what its topic cannot put onto the queue rings"
  }
  assert {
    condition     = aws_sqs_queue.fed["loft"].visibility_timeout_seconds >= 6 * aws_lambda_function.role["fed"].timeout && aws_sqs_queue.fed["loft"].message_retention_seconds == 14 * 86400 && aws_sqs_queue.fed["loft"].sqs_managed_sse_enabled
    error_message = "nothing ends before its function, or within a fortnight"
  }
  assert {
    condition     = output.fed_queue_arns == { loft = aws_sqs_queue.fed["loft"].arn } && contains(keys(output.arns.queues), "from-loft") && contains(keys(output.arns.dead_letters), "from-loft")
    error_message = "outputs"
  }
}

run "a_function_takes_it_and_reports_each_failure" {
  assert {
    condition     = aws_lambda_function.role["fed"].handler == "app.fed" && aws_lambda_function.role["fed"].function_name == "dmdesk-fed" && aws_lambda_function.role["fed"].environment[0].variables["DMDESK_ROLE"] == "fed" && aws_lambda_function.role["fed"].source_code_hash == aws_lambda_function.role["edge"].source_code_hash
    error_message = "one of the package's handlers"
  }
  assert {
    condition     = alltrue([for one in [aws_lambda_event_source_mapping.fed["loft"]] : one.function_response_types == toset(["ReportBatchItemFailures"]) && one.event_source_arn == aws_sqs_queue.fed["loft"].arn && one.maximum_batching_window_in_seconds == 1 && one.scaling_config[0].maximum_concurrency == 2])
    error_message = "the mapping"
  }
  assert {
    condition     = aws_cloudwatch_log_group.function["fed"].name == "/aws/lambda/dmdesk-fed" && contains(keys(aws_cloudwatch_metric_alarm.errors), "fed") && contains(keys(aws_cloudwatch_metric_alarm.throttles), "fed") && aws_cloudwatch_metric_alarm.fed_dead_letters["loft"].alarm_name == "dmdesk-from-loft-dead-letters" && aws_cloudwatch_metric_alarm.fed_oldest_message["loft"].alarm_name == "dmdesk-from-loft-oldest-message"
    error_message = "its log and alarms"
  }
}

run "it_stores_and_does_nothing_else" {
  assert {
    condition = { for one in jsondecode(aws_iam_role_policy.function["fed"].policy).Statement : one.Sid => one.Action } == {
      StoreEvents           = ["sqs:SendMessage"]
      SetAsideAndPark       = ["s3:PutObject"]
      TakeWhatIsFed         = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
      WriteLog              = ["logs:CreateLogStream", "logs:PutLogEvents"]
      AccountsAreTerraforms = ["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem", "dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate", "dynamodb:PartiQLDelete"]
    }
    error_message = aws_iam_role_policy.function["fed"].policy
  }
  assert {
    condition     = { for one in jsondecode(aws_iam_role_policy.function["fed"].policy).Statement : one.Sid => one.Resource if one.Sid == "StoreEvents" || one.Sid == "TakeWhatIsFed" } == { StoreEvents = [aws_sqs_queue.main["outbound"].arn], TakeWhatIsFed = [aws_sqs_queue.fed["loft"].arn] }
    error_message = "on which queues"
  }
}

run "who_begins_conversations_may_alone_do_what_the_desk_asks_for" {
  assert {
    condition     = { for role, one in aws_iam_role_policy.function : role => [for statement in jsondecode(one.policy).Statement : statement if strcontains(jsonencode(statement), "loft:")] if strcontains(one.policy, "loft:") } == { to_desk = [{ Sid = "KnockAtTheLoft", Effect = "Allow", Action = ["loft:Knock"], Resource = ["arn:aws:loft:::door"] }] }
    error_message = aws_iam_role_policy.function["to_desk"].policy
  }
}

run "a_key_of_ours_lets_the_desk_and_sns_in" {
  variables {
    kms_key = { create = true }
  }
  assert {
    condition = [for one in jsondecode(aws_kms_key_policy.this[0].policy).Statement : one if one.Sid == "Feeders"] == [{
      Sid       = "Feeders"
      Effect    = "Allow"
      Principal = { Service = ["sns.amazonaws.com", "loft.amazonaws.com"] }
      Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
      Resource  = "*"
      Condition = { StringEquals = { "aws:SourceAccount" = "111122223333" } }
    }]
    error_message = aws_kms_key_policy.this[0].policy
  }
  assert {
    condition     = alltrue([for one in [aws_sqs_queue.fed["loft"], aws_sqs_queue.fed_dead_letters["loft"]] : one.kms_master_key_id == output.key_arn])
    error_message = "its queues have the key"
  }
  assert {
    condition     = toset([for one in jsondecode(aws_iam_role_policy.function["fed"].policy).Statement : one.Sid if startswith(one.Sid, "KeyBy")]) == toset(["KeyByS3", "KeyBySqs"])
    error_message = "what the function needs of it"
  }
}

run "without_such_a_desk_there_is_nothing_of_it" {
  variables {
    kms_key = { create = true }
    desks   = { genesys = { title = "Genesys Cloud", webhook = "/api/genesys/outbound", webhook_secrets = ["genesys-webhook"], client_secrets = ["genesys-oauth"], settings = {} } }
  }
  assert {
    condition     = length(aws_sqs_queue.fed) + length(aws_sqs_queue.fed_dead_letters) + length(aws_lambda_event_source_mapping.fed) + length(aws_cloudwatch_metric_alarm.fed_dead_letters) + length(aws_cloudwatch_metric_alarm.fed_refused) == 0
    error_message = "queues"
  }
  assert {
    condition     = keys(aws_lambda_function.role) == ["desk_edge", "edge", "to_customer", "to_desk", "upkeep"] && keys(aws_cloudwatch_log_group.function) == keys(aws_lambda_function.role) && !strcontains(aws_kms_key_policy.this[0].policy, "Feeders")
    error_message = "functions and key"
  }
}
