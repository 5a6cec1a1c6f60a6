# How much of what comes in at once, by route and verb, and the alarms that tell of more: a flood of one kind costs no
# other kind its turn. Limits are aims of API Gateway's, no guarantees:
# docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
locals {
  # Requests a second, and at once. Replies have most: Genesys Cloud gives one up after 85 seconds, so a flood that is
  # aimed at their route must not fill it, while Meta and TikTok repeat for hours.
  own_limits = {
    webhooks   = { rate = 200, burst = 400 }
    replies    = { rate = 500, burst = 1000 }
    media      = { rate = 100, burst = 200 }
    callbacks  = { rate = 10, burst = 20 }
    handshakes = { rate = 10, burst = 20 }
    health     = { rate = 10, burst = 20 }
  }
  limits = {
    for name, own in local.own_limits : name => {
      for kind, number in own : kind => coalesce(try(var.throttling.routes[name][kind], null), var.throttling[kind], number)
    }
  }
  # what every method's settings say: one that lacks them has AWS' own, not the stage's
  logging = "OFF" # execution logs would hold bodies and signatures
}

# For a method that none of the next covers. Whether a stage's default is a bucket of each method's or one of all is
# told nowhere: no method relies on it.
resource "aws_api_gateway_method_settings" "all" {
  #checkov:skip=CKV_AWS_225:a webhook must never be answered from a cache
  rest_api_id = aws_api_gateway_rest_api.this.id
  stage_name  = aws_api_gateway_stage.this.stage_name
  method_path = "*/*"
  settings {
    metrics_enabled        = true
    logging_level          = local.logging
    data_trace_enabled     = false
    throttling_rate_limit  = local.limits.webhooks.rate
    throttling_burst_limit = local.limits.webhooks.burst
  }
}

resource "aws_api_gateway_method_settings" "served" {
  #checkov:skip=CKV_AWS_225:a webhook must never be answered from a cache
  for_each    = local.methods
  rest_api_id = aws_api_gateway_rest_api.this.id
  stage_name  = aws_api_gateway_stage.this.stage_name
  method_path = "${trimprefix(each.value.route, "/")}/${each.value.verb}"
  settings {
    metrics_enabled        = true
    logging_level          = local.logging
    data_trace_enabled     = false
    throttling_rate_limit  = local.limits[each.value.limit].rate
    throttling_burst_limit = local.limits[each.value.limit].burst
  }
  # the default of all methods first: each update is one of the whole stage's
  depends_on = [aws_api_gateway_method_settings.all]
}

# A REST API counts what it throttles among all 4XX, where forgeries drown it; the access log tells it apart. Its
# numbers are texts there. docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
resource "aws_cloudwatch_log_metric_filter" "throttled" {
  name           = "${var.name}-throttled"
  log_group_name = aws_cloudwatch_log_group.api.name
  pattern        = "{ $.status = \"429\" }"
  metric_transformation {
    namespace  = local.metrics.namespace
    name       = "throttled"
    value      = "1"
    unit       = "Count"
    dimensions = { for name, value in local.metrics.dimensions : name => "$.${name}" }
  }
}

resource "aws_cloudwatch_metric_alarm" "throttled" {
  alarm_name          = "${var.name}-throttled"
  alarm_description   = "The API answered 429: more came at once than throttling lets through. The access log has the addresses and the routes: raise the limit of a route that is busy, or keep a flood out (waf). docs/runbooks/throttled.md"
  namespace           = local.metrics.namespace
  metric_name         = "throttled"
  dimensions          = local.metrics.dimensions
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

resource "aws_cloudwatch_log_metric_filter" "replies_throttled" {
  name           = "${var.name}-replies-throttled"
  log_group_name = aws_cloudwatch_log_group.api.name
  # a desk that fetches by itself has no route
  pattern = "{ $.status = \"429\" && (${join(" || ", [for route in coalescelist(local.desk_routes, ["none"]) : "$.resource = \"${route}\""])}) }"
  metric_transformation {
    namespace  = local.metrics.namespace
    name       = "replies_throttled"
    value      = "1"
    unit       = "Count"
    dimensions = { for name, value in local.metrics.dimensions : name => "$.${name}" }
  }
}

resource "aws_cloudwatch_metric_alarm" "replies_throttled" {
  alarm_name          = "${var.name}-replies-throttled"
  alarm_description   = "Agents' replies were answered 429. Genesys Cloud repeats for 85 seconds, and then gives a reply up in silence: when the flood is over, `dmdesk reconcile` brings what is missing. docs/runbooks/replies_throttled.md"
  namespace           = local.metrics.namespace
  metric_name         = "replies_throttled"
  dimensions          = local.metrics.dimensions
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.alarm_topic]
  ok_actions          = [local.alarm_topic]
  tags                = var.tags
}

# Of the API as a whole: what the edge refuses, what no route takes, what a limit or a WAF holds off.
resource "aws_cloudwatch_metric_alarm" "edge_4xx" {
  alarm_name          = "${var.name}-edge-4xx"
  alarm_description   = "The API refused ${var.alarms.api_4xx} requests or more in 5 minutes: somebody floods it, or a platform's secret differs from ours. The access log has the addresses, the routes, and who refused (responseType). docs/runbooks/edge_4xx.md"
  namespace           = "AWS/ApiGateway"
  metric_name         = "4XXError"
  dimensions          = { ApiName = aws_api_gateway_rest_api.this.name, Stage = aws_api_gateway_stage.this.stage_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = var.alarms.api_4xx
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.alarm_topic]
  ok_actions          = [local.alarm_topic]
  tags                = var.tags
}
