# Two FIFO queues, one per direction, each with its dead letters. The message group is the conversation.
locals {
  queues = toset(["inbound", "outbound"])
  # What a worker that died was at comes back after this. AWS asks for six times the function's timeout, so that a
  # batch outlives the throttling of its function: docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
  visibility_s = 6 * var.workers.timeout_s
  # In a queue and again in its dead letters: a FIFO queue's message starts anew there,
  # docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/setting-up-dead-letter-queue-retention.html
  queue_days = var.retention.queue_days + var.retention.dead_letter_days
}

resource "aws_sqs_queue" "main" {
  for_each                    = local.queues
  name                        = "${var.name}-${each.key}.fifo"
  fifo_queue                  = true
  content_based_deduplication = false # the edge names each event
  deduplication_scope         = "messageGroup"
  fifo_throughput_limit       = "perMessageGroupId"
  visibility_timeout_seconds  = local.visibility_s
  message_retention_seconds   = var.retention.queue_days * 24 * 3600
  receive_wait_time_seconds   = 20
  sqs_managed_sse_enabled     = var.kms_key == null ? true : null
  kms_master_key_id           = local.key_arn
  tags                        = var.tags
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters[each.key].arn
    # The last net, as far away as SQS allows, for what kills every worker that takes it. Workers bury by an event's
    # own tries and its age: this counts how often others were throttled, too.
    maxReceiveCount = 1000
  })
}

resource "aws_sqs_queue" "dead_letters" {
  for_each                    = local.queues
  name                        = "${var.name}-${each.key}-dead-letters.fifo"
  fifo_queue                  = true
  content_based_deduplication = false
  deduplication_scope         = "messageGroup"
  fifo_throughput_limit       = "perMessageGroupId"
  message_retention_seconds   = var.retention.dead_letter_days * 24 * 3600
  sqs_managed_sse_enabled     = var.kms_key == null ? true : null
  kms_master_key_id           = local.key_arn
  tags                        = var.tags
}

resource "aws_sqs_queue_redrive_allow_policy" "dead_letters" {
  for_each  = local.queues
  queue_url = aws_sqs_queue.dead_letters[each.key].id
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.main[each.key].arn]
  })
}

resource "aws_sqs_queue_policy" "main" {
  for_each  = local.queues
  queue_url = aws_sqs_queue.main[each.key].id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [merge(local.tls_only, { Action = "sqs:*", Resource = aws_sqs_queue.main[each.key].arn })]
  })
}

resource "aws_sqs_queue_policy" "dead_letters" {
  for_each  = local.queues
  queue_url = aws_sqs_queue.dead_letters[each.key].id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [merge(local.tls_only, { Action = "sqs:*", Resource = aws_sqs_queue.dead_letters[each.key].arn })]
  })
}

resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  for_each            = local.queues
  alarm_name          = "${var.name}-${each.key}-dead-letters"
  alarm_description   = "A message could not be delivered (${each.key}). `dmdesk dead-letters` tells why: mend the cause, then run `dmdesk replay --all`. docs/runbooks/dead_letters.md"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.dead_letters[each.key].name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.alarm_topic]
  ok_actions          = [local.alarm_topic]
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "dead_letters_oldest" {
  for_each            = local.queues
  alarm_name          = "${var.name}-${each.key}-dead-letters-oldest"
  alarm_description   = "A dead letter (${each.key}) ends in less than four days, and is gone then. `dmdesk dead-letters` tells why it is there: bring it back with `dmdesk replay`, or let it go. docs/runbooks/dead_letters.md"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = aws_sqs_queue.dead_letters[each.key].name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = max(var.retention.dead_letter_days - 4, var.retention.dead_letter_days / 2) * 24 * 3600
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.alarm_topic]
  ok_actions          = [local.alarm_topic]
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "oldest_message" {
  for_each            = local.queues
  alarm_name          = "${var.name}-${each.key}-oldest-message"
  alarm_description   = "A message has waited too long (${each.key}). Look for retries in the worker's log, and at the status pages of Genesys and the platforms. docs/runbooks/oldest_message.md"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = aws_sqs_queue.main[each.key].name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.alarms.oldest_message_s
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.alarm_topic]
  ok_actions          = [local.alarm_topic]
  tags                = var.tags
}
