# What the rules of a company ask for: what each input does, what there is without it, and what it refuses.
mock_provider "aws" {
  source = "./tests"
  override_resource {
    target = aws_kms_key.this
    values = { arn = "arn:aws:kms:eu-west-1:111122223333:key/ours", key_id = "ours" }
  }
}

variables {
  secrets  = {} # terraform test takes no default of an ephemeral variable
  package  = "../../tests/fixtures/dmdesk.zip"
  accounts = { acme_ig = { channel = "instagram", id = "17841400000000001" } }
  channels = { instagram = { title = "Instagram", settings = {} } }
  desks = {
    genesys = {
      title           = "Genesys Cloud"
      webhook         = "/api/genesys/outbound"
      webhook_secrets = ["genesys-webhook"]
      client_secrets  = ["genesys-oauth"]
      settings        = {}
    }
  }
}

run "without_any_of_it_all_is_as_it_was" {
  assert {
    condition     = length(aws_kms_key.this) == 0 && length(aws_kms_alias.this) == 0 && output.arns.key == null
    error_message = "no key of one's own"
  }
  assert {
    condition     = alltrue([for one in concat(values(aws_sqs_queue.main), values(aws_sqs_queue.dead_letters)) : one.sqs_managed_sse_enabled && one.kms_master_key_id == null])
    error_message = "SQS' own key"
  }
  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.shelf.rule).apply_server_side_encryption_by_default).sse_algorithm == "AES256" && aws_sns_topic.supervisors.kms_master_key_id == "alias/aws/sns" && aws_sns_topic.alarms[0].kms_master_key_id == null
    error_message = "S3's and SNS' own keys; CloudWatch cannot publish by the latter"
  }
  assert {
    condition     = alltrue([for one in concat(values(aws_iam_role.function), [aws_iam_role.schedule], aws_iam_role.api_logs) : one.path == "/" && one.permissions_boundary == null])
    error_message = "roles without path and boundary"
  }
  assert {
    condition     = alltrue([for one in aws_lambda_function.role : length(one.vpc_config) == 0 && one.filename == "../../tests/fixtures/dmdesk.zip" && one.s3_bucket == null && one.code_signing_config_arn == null && one.kms_key_arn == null])
    error_message = "functions of a local package, out of any VPC"
  }
  assert {
    condition     = !can(regex("kms:|ec2:", jsonencode(values(aws_iam_role_policy.function)[*].policy)))
    error_message = "no right that nothing asks for"
  }
  assert {
    condition     = output.arns.topics.alarms == aws_sns_topic.alarms[0].arn && output.arns.queues.inbound == aws_sqs_queue.main["inbound"].arn && keys(output.arns.functions) == ["desk_edge", "edge", "to_customer", "to_desk", "upkeep"] && keys(output.arns.secrets) == ["account/acme_ig", "genesys-oauth", "genesys-webhook", "instagram", "media"]
    error_message = "ARNs of all that others may have to name"
  }
}

run "what_can_be_reached_without_tls_refuses_it" {
  assert {
    condition = alltrue([
      for policy in concat(
        values(aws_sqs_queue_policy.main)[*].policy, values(aws_sqs_queue_policy.dead_letters)[*].policy,
        [aws_sns_topic_policy.alarms[0].policy, aws_sns_topic_policy.supervisors.policy, aws_s3_bucket_policy.shelf.policy],
        ) : length([
          for one in jsondecode(policy).Statement : one
          if one.Effect == "Deny" && one.Principal == "*" && one.Condition == { Bool = { "aws:SecureTransport" = "false" } }
      ]) == 1
    ])
    error_message = "queues, dead letters, topics, bucket"
  }
  assert {
    condition     = keys(aws_sqs_queue_policy.main) == ["inbound", "outbound"] && alltrue([for key, one in aws_sqs_queue_policy.dead_letters : jsondecode(one.policy).Statement[0].Action == "sqs:*" && jsondecode(one.policy).Statement[0].Resource == aws_sqs_queue.dead_letters[key].arn])
    error_message = "each queue's own"
  }
  assert {
    condition     = jsondecode(aws_sns_topic_policy.alarms[0].policy).Statement[0] == { Sid = "Alarms", Effect = "Allow", Principal = { Service = "cloudwatch.amazonaws.com" }, Action = "sns:Publish", Resource = aws_sns_topic.alarms[0].arn, Condition = { StringEquals = { "aws:SourceAccount" = "111122223333" } } }
    error_message = "this account's alarms, and no other's"
  }
}

run "nobody_elses_service_takes_a_role" {
  assert {
    condition = alltrue([
      for trust in concat(values(aws_iam_role.function)[*].assume_role_policy, aws_iam_role.api_logs[*].assume_role_policy, [aws_iam_role.schedule.assume_role_policy]) :
      alltrue([for one in jsondecode(trust).Statement : contains([for test in values(one.Condition) : test["aws:SourceAccount"]], "111122223333")])
    ])
    error_message = "aws:SourceAccount in every trust policy"
  }
}

run "every_role_has_the_path_and_the_boundary" {
  variables {
    role_path                 = "/apps/dmdesk/"
    role_permissions_boundary = "arn:aws:iam::111122223333:policy/boundaries/apps"
  }
  assert {
    condition     = alltrue([for one in concat(values(aws_iam_role.function), [aws_iam_role.schedule]) : one.path == "/apps/dmdesk/"])
    error_message = "path; the log role keeps the one that the runs above made it under"
  }
  assert {
    condition     = alltrue([for one in concat(values(aws_iam_role.function), [aws_iam_role.schedule], aws_iam_role.api_logs) : one.permissions_boundary == "arn:aws:iam::111122223333:policy/boundaries/apps"])
    error_message = "boundary"
  }
}

run "a_key_of_ours_encrypts_all_that_is_kept" {
  variables {
    kms_key = { create = true, rotation_days = 90 }
  }
  assert {
    condition     = aws_kms_key.this[0].enable_key_rotation && aws_kms_key.this[0].rotation_period_in_days == 90 && aws_kms_key.this[0].deletion_window_in_days == 30 && aws_kms_alias.this[0].name == "alias/dmdesk"
    error_message = "rotation, deletion, name"
  }
  assert {
    condition     = aws_dynamodb_table.ledger.server_side_encryption[0].kms_key_arn == "arn:aws:kms:eu-west-1:111122223333:key/ours"
    error_message = "table"
  }
  assert {
    condition     = alltrue([for one in concat(values(aws_sqs_queue.main), values(aws_sqs_queue.dead_letters)) : one.kms_master_key_id == output.arns.key])
    error_message = "queues and dead letters"
  }
  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.shelf.rule).apply_server_side_encryption_by_default) == { sse_algorithm = "aws:kms", kms_master_key_id = output.arns.key } && one(aws_s3_bucket_server_side_encryption_configuration.shelf.rule).bucket_key_enabled
    error_message = "bucket"
  }
  assert {
    condition     = alltrue([for one in concat(aws_sns_topic.alarms, [aws_sns_topic.supervisors]) : one.kms_master_key_id == output.arns.key])
    error_message = "topics"
  }
  assert {
    condition     = alltrue(concat([for one in aws_secretsmanager_secret.this : one.kms_key_id == output.arns.key], [for one in concat(values(aws_cloudwatch_log_group.function), [aws_cloudwatch_log_group.api]) : one.kms_key_id == output.arns.key], [for one in aws_lambda_function.role : one.kms_key_arn == output.arns.key]))
    error_message = "secrets, log groups, environments"
  }
  assert {
    condition     = [for one in jsondecode(aws_kms_key_policy.this[0].policy).Statement : one.Principal] == [{ AWS = "arn:aws:iam::111122223333:root" }, { Service = "logs.eu-west-1.amazonaws.com" }, { Service = "cloudwatch.amazonaws.com" }]
    error_message = "the account, and the two services that ask for nobody"
  }
  assert {
    condition = jsondecode(aws_kms_key_policy.this[0].policy).Statement[1].Condition.ArnEquals["kms:EncryptionContext:aws:logs:arn"] == [
      for name in ["/aws/apigateway/dmdesk", "/aws/lambda/dmdesk-desk-edge", "/aws/lambda/dmdesk-edge", "/aws/lambda/dmdesk-to-customer", "/aws/lambda/dmdesk-to-desk", "/aws/lambda/dmdesk-upkeep"] : "arn:aws:logs:eu-west-1:111122223333:log-group:${name}"
    ]
    error_message = "our own log groups: ${aws_kms_key_policy.this[0].policy}"
  }
  assert {
    condition     = jsondecode(aws_kms_key_policy.this[0].policy).Statement[2].Condition == { StringEquals = { "aws:SourceAccount" = "111122223333" } } && jsondecode(aws_kms_key_policy.this[0].policy).Statement[2].Action == ["kms:Decrypt", "kms:GenerateDataKey*"]
    error_message = "this account's alarms"
  }
}

run "each_role_uses_the_key_by_the_services_that_it_uses_and_no_other" {
  variables {
    kms_key = { arn = "arn:aws:kms:eu-west-1:999988887777:key/theirs" }
  }
  assert {
    condition     = length(aws_kms_key.this) == 0 && alltrue([for one in aws_lambda_function.role : one.kms_key_arn == "arn:aws:kms:eu-west-1:999988887777:key/theirs"])
    error_message = "theirs in place of ours"
  }
  assert {
    condition = {
      for role, one in aws_iam_role_policy.function : role => {
        for statement in jsondecode(one.policy).Statement : statement.Condition.StringEquals["kms:ViaService"] => statement.Action
        if startswith(flatten([statement.Action])[0], "kms:") && statement.Resource == ["arn:aws:kms:eu-west-1:999988887777:key/theirs"]
      }
      } == {
      desk_edge = {
        "sqs.eu-west-1.amazonaws.com"            = ["kms:Decrypt", "kms:GenerateDataKey"]
        "secretsmanager.eu-west-1.amazonaws.com" = ["kms:Decrypt"]
        "s3.eu-west-1.amazonaws.com"             = ["kms:GenerateDataKey"]
      }
      edge = {
        "sqs.eu-west-1.amazonaws.com"            = ["kms:Decrypt", "kms:GenerateDataKey"]
        "secretsmanager.eu-west-1.amazonaws.com" = ["kms:Decrypt"]
        "s3.eu-west-1.amazonaws.com"             = ["kms:Decrypt", "kms:GenerateDataKey"]
      }
      to_desk = {
        "sqs.eu-west-1.amazonaws.com"            = ["kms:Decrypt", "kms:GenerateDataKey"]
        "dynamodb.eu-west-1.amazonaws.com"       = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
        "secretsmanager.eu-west-1.amazonaws.com" = ["kms:Decrypt"]
        "s3.eu-west-1.amazonaws.com"             = ["kms:Decrypt", "kms:GenerateDataKey"]
      }
      to_customer = {
        "sqs.eu-west-1.amazonaws.com"            = ["kms:Decrypt", "kms:GenerateDataKey"]
        "dynamodb.eu-west-1.amazonaws.com"       = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
        "secretsmanager.eu-west-1.amazonaws.com" = ["kms:Decrypt"]
        "s3.eu-west-1.amazonaws.com"             = ["kms:Decrypt", "kms:GenerateDataKey"]
      }
      upkeep = {
        "sqs.eu-west-1.amazonaws.com"            = ["kms:Decrypt", "kms:GenerateDataKey"]
        "sns.eu-west-1.amazonaws.com"            = ["kms:Decrypt", "kms:GenerateDataKey"]
        "dynamodb.eu-west-1.amazonaws.com"       = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
        "secretsmanager.eu-west-1.amazonaws.com" = ["kms:Decrypt", "kms:GenerateDataKey"]
        "s3.eu-west-1.amazonaws.com"             = ["kms:Decrypt", "kms:GenerateDataKey"]
      }
    }
    error_message = jsonencode([for one in aws_iam_role_policy.function : jsondecode(one.policy)])
  }
}

run "lambda_joins_the_vpc_and_the_code_may_not" {
  variables {
    vpc = { subnet_ids = ["subnet-0a", "subnet-0b"], security_group_ids = ["sg-0c"] }
  }
  assert {
    condition     = alltrue([for one in aws_lambda_function.role : one.vpc_config[0].subnet_ids == toset(["subnet-0a", "subnet-0b"]) && one.vpc_config[0].security_group_ids == toset(["sg-0c"])])
    error_message = "every function in the VPC"
  }
  assert {
    condition = alltrue([
      for role, one in aws_iam_role_policy.function : [for statement in jsondecode(one.policy).Statement : statement.Effect if statement.Action == local.interfaces] == ["Allow", "Deny"]
    ])
    error_message = "network interfaces: allowed"
  }
  assert {
    condition = {
      for role, one in aws_iam_role_policy.function : role => one([for statement in jsondecode(one.policy).Statement : statement.Condition if statement.Effect == "Deny" && statement.Action == local.interfaces])
      } == {
      edge        = { ArnEquals = { "lambda:SourceFunctionArn" = "arn:aws:lambda:eu-west-1:111122223333:function:dmdesk-edge" } }
      desk_edge   = { ArnEquals = { "lambda:SourceFunctionArn" = "arn:aws:lambda:eu-west-1:111122223333:function:dmdesk-desk-edge" } }
      to_desk     = { ArnEquals = { "lambda:SourceFunctionArn" = "arn:aws:lambda:eu-west-1:111122223333:function:dmdesk-to-desk" } }
      to_customer = { ArnEquals = { "lambda:SourceFunctionArn" = "arn:aws:lambda:eu-west-1:111122223333:function:dmdesk-to-customer" } }
      upkeep      = { ArnEquals = { "lambda:SourceFunctionArn" = "arn:aws:lambda:eu-west-1:111122223333:function:dmdesk-upkeep" } }
    }
    error_message = "and denied to each function's own code"
  }
}

run "alarms_tell_a_topic_that_is_there" {
  variables {
    alarm_topic = { arn = "arn:aws:sns:eu-west-1:111122223333:on-call" }
    alarms      = { emails = ["ops@example.com"] }
  }
  assert {
    condition     = length(aws_sns_topic.alarms) == 0 && length(aws_sns_topic_policy.alarms) == 0 && output.alarm_topic_arn == "arn:aws:sns:eu-west-1:111122223333:on-call" && output.arns.topics.alarms == output.alarm_topic_arn
    error_message = "none of ours beside it"
  }
  assert {
    condition     = aws_sns_topic_subscription.mail["ops@example.com"].topic_arn == "arn:aws:sns:eu-west-1:111122223333:on-call"
    error_message = "mails come from it"
  }
  assert {
    condition     = alltrue([for one in concat(values(aws_cloudwatch_metric_alarm.counted), values(aws_cloudwatch_metric_alarm.errors), [aws_cloudwatch_metric_alarm.throttled]) : one.alarm_actions == toset(["arn:aws:sns:eu-west-1:111122223333:on-call"]) && one.ok_actions == one.alarm_actions])
    error_message = "alarms"
  }
}

run "the_package_comes_from_s3_and_is_signed" {
  variables {
    package                 = null
    package_s3              = { bucket = "releases", key = "dmdesk/1.0.0.zip", version = "3sL4kqtJ", runtime = "python3.13" }
    code_signing_config_arn = "arn:aws:lambda:eu-west-1:111122223333:code-signing-config:csc-0123456789abcdef0"
  }
  assert {
    condition     = alltrue([for one in aws_lambda_function.role : one.filename == null && "${one.s3_bucket} ${one.s3_key} ${one.s3_object_version}" == "releases dmdesk/1.0.0.zip 3sL4kqtJ" && one.runtime == "python3.13" && one.architectures == tolist(["arm64"])])
    error_message = "the object, and what it is made for"
  }
  assert {
    condition     = alltrue([for one in aws_lambda_function.role : one.code_signing_config_arn == "arn:aws:lambda:eu-west-1:111122223333:code-signing-config:csc-0123456789abcdef0"])
    error_message = "code signing"
  }
}

run "another_object_under_the_same_key_is_told_by_its_hash" {
  variables {
    package_s3 = { bucket = "releases", key = "dmdesk.zip", hash = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", runtime = "python3.12", architecture = "x86_64" }
  }
  assert {
    condition     = alltrue([for one in aws_lambda_function.role : one.source_code_hash == "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" && one.architectures == tolist(["x86_64"])])
    error_message = "hash"
  }
}

run "a_boundary_that_is_no_policy" {
  command = plan
  variables {
    role_permissions_boundary = "arn:aws:iam::111122223333:role/boundary"
  }
  expect_failures = [var.role_permissions_boundary]
}

run "a_path_without_an_end" {
  command = plan
  variables {
    role_path = "/apps"
  }
  expect_failures = [var.role_path]
}

run "a_key_that_is_ours_and_theirs" {
  command = plan
  variables {
    kms_key = { create = true, arn = "arn:aws:kms:eu-west-1:111122223333:key/theirs" }
  }
  expect_failures = [var.kms_key]
}

run "a_key_that_is_neither" {
  command = plan
  variables {
    kms_key = {}
  }
  expect_failures = [var.kms_key]
}

run "an_alias_in_place_of_a_key" {
  command = plan
  variables {
    kms_key = { arn = "arn:aws:kms:eu-west-1:111122223333:alias/theirs" }
  }
  expect_failures = [var.kms_key]
}

run "a_rotation_that_kms_does_not_do" {
  command = plan
  variables {
    kms_key = { create = true, rotation_days = 30 }
  }
  expect_failures = [var.kms_key]
}

run "a_key_that_is_gone_at_once" {
  command = plan
  variables {
    kms_key = { create = true, deletion_days = 1 }
  }
  expect_failures = [var.kms_key]
}

run "a_fifo_topic" {
  command = plan
  variables {
    alarm_topic = { arn = "arn:aws:sns:eu-west-1:111122223333:on-call.fifo" }
  }
  expect_failures = [var.alarm_topic]
}

run "a_vpc_without_a_security_group" {
  command = plan
  variables {
    vpc = { subnet_ids = ["subnet-0a"], security_group_ids = [] }
  }
  expect_failures = [var.vpc]
}

run "a_subnet_by_its_name" {
  command = plan
  variables {
    vpc = { subnet_ids = ["private-a"], security_group_ids = ["sg-0c"] }
  }
  expect_failures = [var.vpc]
}

run "a_runtime_that_is_no_python" {
  command = plan
  variables {
    package_s3 = { bucket = "releases", key = "dmdesk.zip", runtime = "nodejs22.x" }
  }
  expect_failures = [var.package_s3]
}

run "a_hash_in_hex" {
  command = plan
  variables {
    package_s3 = { bucket = "releases", key = "dmdesk.zip", runtime = "python3.13", hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" }
  }
  expect_failures = [var.package_s3]
}

run "a_signing_profile_in_place_of_its_configuration" {
  command = plan
  variables {
    code_signing_config_arn = "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/dmdesk"
  }
  expect_failures = [var.code_signing_config_arn]
}

run "a_tag_of_awss_own" {
  command = plan
  variables {
    tags = { "aws:owner" = "us" }
  }
  expect_failures = [var.tags]
}

run "a_tag_with_characters_that_aws_refuses" {
  command = plan
  variables {
    tags = { owner = "a;b" }
  }
  expect_failures = [var.tags]
}
