# One function per role, all from one zip; the role decides what it imports and what it may do.
locals {
  functions = merge({
    edge = { handler = "app.app", size = var.edge }
    # the edge once more, for the desks' routes alone: replies wait behind nothing that comes in elsewhere
    desk_edge   = { handler = "app.app", size = merge(var.edge, { reserved_concurrency = var.desk_edge.reserved_concurrency }) }
    to_desk     = { handler = "app.to_desk", size = var.workers }
    to_customer = { handler = "app.to_customer", size = var.workers }
    # one at a time, so it needs no reserve; an erasure waits for what is under way, and must not be cut off: as long
    # as AWS lets a function run
    upkeep = { handler = "app.upkeep", size = merge(var.workers, { reserved_concurrency = null, timeout_s = 900 }) }
    }, {
    for role, one in {
      # it stores, as the edge does; its queue waits where it is held up
      fed = { handler = "app.fed", size = merge(var.edge, { reserved_concurrency = null }) }
    } : role => one if length(local.fed) > 0
  })
  function_names = { for role in keys(local.functions) : role => "${var.name}-${replace(role, "_", "-")}" }
  workers        = { to_desk = "inbound", to_customer = "outbound" }
  log_groups     = merge({ for role, name in local.function_names : role => "/aws/lambda/${name}" }, { api = "/aws/apigateway/${var.name}" })

  environment = merge(
    {
      DMDESK_TABLE                 = aws_dynamodb_table.ledger.name
      DMDESK_BUCKET                = aws_s3_bucket.shelf.id
      DMDESK_INBOUND_QUEUE         = aws_sqs_queue.main["inbound"].url
      DMDESK_INBOUND_DEAD_LETTERS  = aws_sqs_queue.dead_letters["inbound"].url
      DMDESK_OUTBOUND_QUEUE        = aws_sqs_queue.main["outbound"].url
      DMDESK_OUTBOUND_DEAD_LETTERS = aws_sqs_queue.dead_letters["outbound"].url
      DMDESK_PUBLIC_URL            = local.public_url
      DMDESK_MEDIA_DAYS            = tostring(var.media_days)
      DMDESK_PROFILE_DAYS          = tostring(var.retention.profile_days)
      DMDESK_QUEUE_DAYS            = tostring(local.queue_days)
      DMDESK_LOG_DAYS              = tostring(var.log_retention_days)
      DMDESK_BACKUP_DAYS           = tostring(var.retention.backup_days)
      DMDESK_MEDIA_HOSTS           = join(",", var.media_hosts)
      DMDESK_CLOSING_STEPS         = join(",", [for step in var.closing.steps : "${step.hours}:${step.priority}"])
      DMDESK_SUPERVISORS_TOPIC     = aws_sns_topic.supervisors.arn
      DMDESK_OUTAGE_MINUTES        = tostring(var.outage_minutes)
      DMDESK_LATE_REPLY_MINUTES    = tostring(var.late_reply_minutes)
      DMDESK_PARKED_RETURN_HOURS   = tostring(var.parked_return_hours)
      DMDESK_AT_ONCE               = tostring(var.workers.at_once)
      DMDESK_SCAN                  = var.scan
      DMDESK_SCAN_SECONDS          = tostring(var.scan_seconds)
      DMDESK_SCAN_WITHOUT_VERDICT  = var.scan_without_verdict
      DMDESK_SCAN_UNSCANNABLE      = var.scan_unscannable
      # the dimension that tells this bridge's metrics from another's
      POWERTOOLS_SERVICE_NAME = var.name
    },
    {
      for secret in local.shared_secrets :
      "DMDESK_${upper(replace(secret, "-", "_"))}_SECRET" => aws_secretsmanager_secret.this[secret].name
    },
    merge([
      for part in concat(values(var.channels), values(var.desks)) :
      { for setting, value in part.settings : "DMDESK_${upper(setting)}" => value }
    ]...),
  )
}

resource "aws_lambda_function" "role" {
  #checkov:skip=CKV_AWS_50:ids in our own log lines follow a message across both queues, which X-Ray does not
  #checkov:skip=CKV_AWS_115:var.edge and var.workers reserve where it is wanted; the queues' maximum concurrency limits already
  #checkov:skip=CKV_AWS_116:dead letters are the queues'; what the upkeep misses, its next start does
  #checkov:skip=CKV_AWS_117:var.vpc has it in a VPC where the company wants that; it needs the platforms' public addresses
  #checkov:skip=CKV_AWS_173:var.kms_key encrypts it where there is one; it holds names and addresses, never secrets
  #checkov:skip=CKV_AWS_272:var.code_signing_config_arn wants a signed package where there is one; else it is built where it is applied
  for_each                       = local.functions
  function_name                  = local.function_names[each.key]
  description                    = "dmdesk: ${each.key}"
  role                           = aws_iam_role.function[each.key].arn
  filename                       = var.package_s3 == null ? var.package : null
  s3_bucket                      = try(var.package_s3.bucket, null)
  s3_key                         = try(var.package_s3.key, null)
  s3_object_version              = try(var.package_s3.version, null)
  source_code_hash               = var.package_s3 == null ? filebase64sha256(var.package) : var.package_s3.hash
  code_signing_config_arn        = var.code_signing_config_arn
  kms_key_arn                    = local.key_arn
  handler                        = each.value.handler
  runtime                        = local.package.runtime
  architectures                  = [local.package.architecture]
  memory_size                    = each.value.size.memory_mb
  timeout                        = each.value.size.timeout_s
  reserved_concurrent_executions = coalesce(each.value.size.reserved_concurrency, -1)
  tags                           = var.tags

  environment {
    variables = merge(var.environment, local.environment, { DMDESK_ROLE = each.key })
  }

  dynamic "vpc_config" {
    for_each = var.vpc[*]
    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  # else Lambda makes the log group itself, without retention; and a start without rights fails, in a VPC for good
  depends_on = [aws_cloudwatch_log_group.function, aws_iam_role_policy.function]
}

resource "aws_cloudwatch_log_group" "function" {
  #checkov:skip=CKV_AWS_158:var.kms_key encrypts it where there is one, else CloudWatch's own; ids and outcomes, never what people write
  #checkov:skip=CKV_AWS_338:var.log_retention_days decides: privacy asks for less than a year by default
  for_each          = local.functions
  name              = local.log_groups[each.key]
  kms_key_id        = local.key_arn
  retention_in_days = var.log_retention_days
  tags              = var.tags
  depends_on        = [aws_kms_key_policy.this] # or CloudWatch refuses the key
}

resource "aws_lambda_event_source_mapping" "worker" {
  for_each                = local.workers
  event_source_arn        = aws_sqs_queue.main[each.value].arn
  function_name           = aws_lambda_function.role[each.key].arn
  batch_size              = 10
  function_response_types = ["ReportBatchItemFailures"]
  tags                    = var.tags

  scaling_config {
    maximum_concurrency = var.workers.maximum_concurrency
  }
}

resource "aws_cloudwatch_metric_alarm" "errors" {
  for_each            = local.functions
  alarm_name          = "${local.function_names[each.key]}-errors"
  alarm_description   = "The function ${each.key} crashed or ran out of time. Its log group tells where. docs/runbooks/errors.md"
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = aws_lambda_function.role[each.key].function_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.alarm_topic]
  ok_actions          = [local.alarm_topic]
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "throttles" {
  for_each            = local.functions
  alarm_name          = "${local.function_names[each.key]}-throttles"
  alarm_description   = "AWS did not let the function ${each.key} run. Raise its reserved concurrency, or the account's limit. docs/runbooks/throttles.md"
  namespace           = "AWS/Lambda"
  metric_name         = "Throttles"
  dimensions          = { FunctionName = aws_lambda_function.role[each.key].function_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.alarm_topic]
  ok_actions          = [local.alarm_topic]
  tags                = var.tags
}
