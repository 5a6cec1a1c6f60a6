# Where a desk tells by a topic: a standard queue `…-from-<desk>` for what it tells, which one function puts into the
# outbound queue, and its dead letters. Where no desk does, there is none of it.
locals {
  # desk → who feeds its queue
  fed       = { for name, desk in var.desks : name => desk.fed if desk.fed != null }
  fed_names = { for desk in keys(local.fed) : desk => "${var.name}-from-${desk}" }
  # who may write into both of its queues
  fed_by_topic = {
    for desk, fed in local.fed : desk => {
      Sid       = "ItsTopic"
      Effect    = "Allow"
      Principal = { Service = "sns.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Condition = { ArnEquals = { "aws:SourceArn" = fed.topic } }
    }
  }
  # What is taken together goes by its sender's clock (edge/receive.py), so it is gathered for a moment.
  fed_window_s = 1
}

resource "aws_sqs_queue" "fed" {
  for_each                   = local.fed
  name                       = local.fed_names[each.key]
  visibility_timeout_seconds = 6 * var.edge.timeout_s + local.fed_window_s
  message_retention_seconds  = var.retention.queue_days * 24 * 3600
  receive_wait_time_seconds  = 20
  sqs_managed_sse_enabled    = var.kms_key == null ? true : null
  kms_master_key_id          = local.key_arn
  tags                       = var.tags
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.fed_dead_letters[each.key].arn
    # as with the other queues: the last net, for what kills every function that takes it
    maxReceiveCount = 1000
  })
}

resource "aws_sqs_queue" "fed_dead_letters" {
  for_each                  = local.fed
  name                      = "${local.fed_names[each.key]}-dead-letters"
  message_retention_seconds = var.retention.dead_letter_days * 24 * 3600
  sqs_managed_sse_enabled   = var.kms_key == null ? true : null
  kms_master_key_id         = local.key_arn
  tags                      = var.tags
}

resource "aws_sqs_queue_redrive_allow_policy" "fed_dead_letters" {
  for_each  = local.fed
  queue_url = aws_sqs_queue.fed_dead_letters[each.key].id
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.fed[each.key].arn]
  })
}

resource "aws_sqs_queue_policy" "fed" {
  for_each  = local.fed
  queue_url = aws_sqs_queue.fed[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      # docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html
      merge(local.fed_by_topic[each.key], { Resource = aws_sqs_queue.fed[each.key].arn }),
      merge(local.tls_only, { Action = "sqs:*", Resource = aws_sqs_queue.fed[each.key].arn }),
    ]
  })
}

resource "aws_sqs_queue_policy" "fed_dead_letters" {
  for_each  = local.fed
  queue_url = aws_sqs_queue.fed_dead_letters[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      # what could not be put onto the queue itself: docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html
      merge(local.fed_by_topic[each.key], { Resource = aws_sqs_queue.fed_dead_letters[each.key].arn }),
      merge(local.tls_only, { Action = "sqs:*", Resource = aws_sqs_queue.fed_dead_letters[each.key].arn }),
    ]
  })
}

resource "aws_lambda_event_source_mapping" "fed" {
  for_each                           = local.fed
  event_source_arn                   = aws_sqs_queue.fed[each.key].arn
  function_name                      = aws_lambda_function.role["fed"].arn
  batch_size                         = 10
  maximum_batching_window_in_seconds = local.fed_window_s
  function_response_types            = ["ReportBatchItemFailures"]
  tags                               = var.tags

  # the fewest that AWS offers: those that run beside each other know no common order
  scaling_config {
    maximum_concurrency = 2
  }
}

resource "aws_cloudwatch_metric_alarm" "fed_dead_letters" {
  for_each            = local.fed
  alarm_name          = "${local.fed_names[each.key]}-dead-letters"
  alarm_description   = "What ${var.desks[each.key].title} told could not be stored, a thousand times. The log of the function fed tells why: mend the cause, then dmdesk replay --reason redriven. docs/runbooks/dead_letters.md"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.fed_dead_letters[each.key].name }
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

resource "aws_cloudwatch_metric_alarm" "fed_oldest_message" {
  for_each            = local.fed
  alarm_name          = "${local.fed_names[each.key]}-oldest-message"
  alarm_description   = "What ${var.desks[each.key].title} told waits, and replies with it. The log of the function fed tells why it is not stored. docs/runbooks/oldest_message.md"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = aws_sqs_queue.fed[each.key].name }
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

# What SNS may not put onto the queue it does not repeat: the queue's policy, or the key's, does not let it. It then lies
# among the dead letters, where the subscription names them. docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
resource "aws_cloudwatch_metric_alarm" "fed_refused" {
  for_each            = local.fed
  alarm_name          = "${local.fed_names[each.key]}-refused"
  alarm_description   = "What ${var.desks[each.key].title} told did not reach the queue: SNS may not write there, as its policy or its key's has it. It lies among the dead letters: mend that, then dmdesk replay --reason redriven. docs/runbooks/from_desk_refused.md"
  namespace           = "AWS/SNS"
  metric_name         = "NumberOfNotificationsFailed"
  dimensions          = { TopicName = reverse(split(":", each.value.topic))[0] }
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

output "fed_queue_arns" {
  description = "desk → the queue that takes what its topic tells."
  value       = { for desk, queue in aws_sqs_queue.fed : desk => queue.arn }
}

output "fed_queue_urls" {
  description = "desk → that queue's URL."
  value       = { for desk, queue in aws_sqs_queue.fed : desk => queue.url }
}

output "fed_dead_letter_arns" {
  description = "desk → its dead letters."
  value       = { for desk, queue in aws_sqs_queue.fed_dead_letters : desk => queue.arn }
}

output "fed_dead_letter_urls" {
  description = "desk → the URL of its dead letters."
  value       = { for desk, queue in aws_sqs_queue.fed_dead_letters : desk => queue.url }
}
