# What an operator reads in a minute: is anything red, does traffic flow both ways, does anything wait or fail.
locals {
  alarm_arns = concat(
    [for alarm in aws_cloudwatch_metric_alarm.dead_letters : alarm.arn],
    [for alarm in aws_cloudwatch_metric_alarm.dead_letters_oldest : alarm.arn],
    [for alarm in aws_cloudwatch_metric_alarm.oldest_message : alarm.arn],
    [for alarm in aws_cloudwatch_metric_alarm.errors : alarm.arn],
    [for alarm in aws_cloudwatch_metric_alarm.throttles : alarm.arn],
    [for alarm in aws_cloudwatch_metric_alarm.quiet : alarm.arn],
    [for alarm in aws_cloudwatch_metric_alarm.counted : alarm.arn],
    [for alarm in aws_cloudwatch_metric_alarm.latency : alarm.arn],
    [for alarm in aws_cloudwatch_metric_alarm.token_days_left : alarm.arn],
    [for alarm in aws_cloudwatch_metric_alarm.hourly : alarm.arn],
    [
      aws_cloudwatch_metric_alarm.edge_5xx.arn, aws_cloudwatch_metric_alarm.edge_4xx.arn,
      aws_cloudwatch_metric_alarm.throttled.arn, aws_cloudwatch_metric_alarm.replies_throttled.arn,
      aws_cloudwatch_metric_alarm.desk_away_minutes.arn,
    ],
  )

  # a line for each value of a label that there is, with the labels that the code counts by
  by_label = {
    for metric, label in { refused = "reason", media = "outcome", window_lost = "reason" } : metric =>
    "SEARCH('{dmdesk,channel,${label},service} MetricName=\"${metric}\" service=\"${var.name}\"', 'Sum', 300)"
  }

  graphs = [
    {
      title = "Customers write (received → at the desk)"
      metrics = [
        ["dmdesk", "received", "service", var.name, { label = "received" }],
        ["dmdesk", "delivered", "service", var.name, { label = "at the desk" }],
      ]
    },
    {
      title = "Agents reply (sent, refused)"
      metrics = [
        ["dmdesk", "sent", "service", var.name, { label = "sent" }],
        ["dmdesk", "refused", "service", var.name, { label = "refused" }],
        ["dmdesk", "unconfirmed", "service", var.name, { label = "unconfirmed" }],
      ]
    },
    {
      title = "How long a message takes (ms)"
      metrics = [
        for pair in setproduct(local.queues, ["p50", "p95", "p99"]) :
        ["dmdesk", "latency_ms", "direction", pair[0], "service", var.name, { label = join(" ", pair), stat = pair[1] }]
      ]
    },
    {
      title   = "Why replies are refused"
      metrics = [[{ expression = local.by_label["refused"], id = "refused" }]]
    },
    {
      title   = "Media (kept, linked, or why not)"
      metrics = [[{ expression = local.by_label["media"], id = "media" }]]
    },
    {
      title = "Customers wait, their windows about to close (and left to the next start)"
      metrics = [
        for name in ["windows_closing", "windows_left"] :
        ["dmdesk", name, "service", var.name, { label = replace(name, "_", " "), stat = "Maximum" }]
      ]
    },
    {
      title   = "Windows lost: closed unanswered, and why"
      metrics = [[{ expression = local.by_label["window_lost"], id = "lost" }]]
    },
    {
      title = "Supervisors warned, conversations raised, messages left"
      metrics = [
        for name in ["window_warned", "window_raised", "messages_left", "warning_failed"] :
        ["dmdesk", name, "service", var.name, { label = replace(name, "_", " ") }]
      ]
    },
    {
      title = "Beside the messages (notices to agents, seen and typing)"
      metrics = [
        for name in ["notice", "action", "action_failed", "profile_failed"] :
        ["dmdesk", name, "service", var.name, { label = replace(name, "_", " ") }]
      ]
    },
    {
      title = "Trouble (what alarms, and what could not be stored)"
      metrics = [
        for name in concat(["not_stored"], keys(local.counted)) :
        ["dmdesk", name, "service", var.name, { label = replace(name, "_", " ") }]
      ]
    },
    {
      title = "Waiting (messages)"
      metrics = [
        for queue in local.queues :
        ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", aws_sqs_queue.main[queue].name, { label = queue, stat = "Maximum" }]
      ]
    },
    {
      title = "Oldest message (s)"
      metrics = [
        for queue in local.queues :
        ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", aws_sqs_queue.main[queue].name, { label = queue, stat = "Maximum" }]
      ]
    },
    {
      title = "Dead letters"
      metrics = [
        for queue in local.queues :
        ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", aws_sqs_queue.dead_letters[queue].name, { label = queue, stat = "Maximum" }]
      ]
    },
    {
      title = "Parked (how many wait, days of the oldest), paused (hours)"
      metrics = [
        for name in ["parked_waiting", "parked_oldest_days", "paused_hours"] :
        ["dmdesk", name, "service", var.name, { label = replace(name, "_", " "), stat = "Maximum" }]
      ]
    },
    {
      title = "Desk away (minutes), customers who were told"
      metrics = [
        ["dmdesk", "desk_away_minutes", "service", var.name, { label = "away", stat = "Maximum" }],
        ["dmdesk", "acknowledgement", "service", var.name, { label = "told", yAxis = "right" }],
      ]
    },
    {
      title = "Webhooks (answers, throttled)"
      metrics = concat(
        [
          for name in ["Count", "4XXError", "5XXError"] :
          ["AWS/ApiGateway", name, "ApiName", var.name, "Stage", var.stage, { label = name }]
        ],
        [
          ["dmdesk", "throttled", "service", var.name, { label = "throttled" }],
          ["dmdesk", "replies_throttled", "service", var.name, { label = "replies throttled" }],
        ],
      )
    },
    {
      title = "Slowest 1 % of the functions' runs (ms)"
      metrics = [
        for role, name in local.function_names :
        ["AWS/Lambda", "Duration", "FunctionName", name, { label = role, stat = "p99" }]
      ]
    },
    {
      title = "Errors and throttles"
      metrics = concat([
        for role, name in local.function_names : [
          for metric in ["Errors", "Throttles"] :
          ["AWS/Lambda", metric, "FunctionName", name, { label = "${role} ${lower(metric)}" }]
        ]
      ]...)
    },
    {
      title = "Access tokens (fewest days left, renewals)"
      metrics = [
        ["dmdesk", "token_days_left", "service", var.name, { label = "days left", stat = "Minimum" }],
        ["dmdesk", "token_renewed", "service", var.name, { label = "renewed" }],
        ["dmdesk", "token_not_renewed", "service", var.name, { label = "not renewed" }],
      ]
    },
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name
  dashboard_body = jsonencode({
    widgets = concat(
      [{
        type       = "alarm", x = 0, y = 0, width = 24, height = 4
        properties = { title = "${var.name}: anything red?", alarms = local.alarm_arns }
      }],
      [for index, graph in local.graphs : {
        type = "metric", x = (index % 3) * 8, y = 4 + floor(index / 3) * 6, width = 8, height = 6
        properties = {
          title = graph.title, region = local.region, view = "timeSeries", stat = "Sum", period = 300
          yAxis = { left = { min = 0 } }, metrics = graph.metrics
        }
      }],
    )
  })
}
