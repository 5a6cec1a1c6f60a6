# A regional REST API in front of the edge: it hands over the exact bytes, which the signatures are made over.
locals {
  desk_routes = compact(values(var.desks)[*].webhook)

  # What app.py serves, by route and verb, and which of the limits in throttle.tf holds it; a test compares. What comes
  # by another verb API Gateway refuses itself (403). No ANY: API Gateway's limits are kept by verb.
  served = merge(
    {
      "/api/social/webhook"         = { GET = "handshakes", POST = "webhooks" }
      "/api/media/{token}"          = { GET = "media", HEAD = "media" }
      "/api/deauthorised/{channel}" = { POST = "callbacks" }
      "/api/deletion/{name}"        = { GET = "callbacks", HEAD = "callbacks", POST = "callbacks" }
      "/api/health"                 = { GET = "health", HEAD = "health" }
    },
    { for route in local.desk_routes : route => { POST = "replies" } },
  )
  methods = merge([
    for route, verbs in local.served : {
      for verb, limit in verbs : "${verb} ${route}" => {
        route = route, verb = verb, limit = limit
        # replies have a function of their own: nothing that floods the others takes its concurrency
        function = limit == "replies" ? "desk_edge" : "edge"
      }
    }
  ]...)
  routes = keys(local.served)

  segments = { for route in local.routes : route => split("/", trimprefix(route, "/")) }
  # the paths of one, two and three segments: a resource cannot have its sibling as its parent
  paths = [
    for depth in [1, 2, 3] : toset([
      for parts in values(local.segments) : join("/", slice(parts, 0, depth)) if length(parts) >= depth
    ])
  ]
  resource_ids = {
    for path, resource in merge(
      aws_api_gateway_resource.first, aws_api_gateway_resource.second, aws_api_gateway_resource.third
    ) : "/${path}" => resource.id
  }

  binary = ["*/*"] # every body comes base64-encoded, so no byte of it is re-coded on the way

  # the stage's own URL, put together here: the functions are told of it, and the stage is made after them
  api_url    = "https://${aws_api_gateway_rest_api.this.id}.execute-api.${local.region}.${data.aws_partition.current.dns_suffix}/${var.stage}"
  public_url = trimsuffix(coalesce(var.public_url, local.domain_url, local.api_url), "/")
}

resource "aws_api_gateway_rest_api" "this" {
  name               = var.name
  description        = "dmdesk: webhooks of ${join(", ", values(var.channels)[*].title)} and ${join(", ", values(var.desks)[*].title)}, links to media"
  binary_media_types = local.binary
  tags               = var.tags
  # takes effect with a deployment: it is among that one's triggers
  disable_execute_api_endpoint = local.domain_alone
  endpoint_configuration {
    types = ["REGIONAL"]
  }
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_api_gateway_resource" "first" {
  for_each    = local.paths[0]
  rest_api_id = aws_api_gateway_rest_api.this.id
  parent_id   = aws_api_gateway_rest_api.this.root_resource_id
  path_part   = each.key
}

resource "aws_api_gateway_resource" "second" {
  for_each    = local.paths[1]
  rest_api_id = aws_api_gateway_rest_api.this.id
  parent_id   = aws_api_gateway_resource.first[dirname(each.key)].id
  path_part   = basename(each.key)
}

resource "aws_api_gateway_resource" "third" {
  for_each    = local.paths[2]
  rest_api_id = aws_api_gateway_rest_api.this.id
  parent_id   = aws_api_gateway_resource.second[dirname(each.key)].id
  path_part   = basename(each.key)
}

resource "aws_api_gateway_method" "served" {
  #checkov:skip=CKV_AWS_59:nobody who comes here can sign in to AWS; the edge verifies the body's signature, or the link's
  #checkov:skip=CKV2_AWS_53:the edge checks method, size, type and signature, and counts what it refuses
  for_each      = local.methods
  rest_api_id   = aws_api_gateway_rest_api.this.id
  resource_id   = local.resource_ids[each.value.route]
  http_method   = each.value.verb
  authorization = "NONE" # platforms sign what they send, links to media are signed by us, and the edge verifies either
}

resource "aws_api_gateway_integration" "served" {
  for_each                = local.methods
  rest_api_id             = aws_api_gateway_rest_api.this.id
  resource_id             = aws_api_gateway_method.served[each.key].resource_id
  http_method             = aws_api_gateway_method.served[each.key].http_method
  type                    = "AWS_PROXY"
  integration_http_method = "POST"
  uri                     = aws_lambda_function.role[each.value.function].invoke_arn
}

resource "aws_api_gateway_deployment" "this" {
  rest_api_id = aws_api_gateway_rest_api.this.id
  # of what is configured, never of what AWS answers: the plan must be empty when nothing changed
  triggers = {
    configuration = sha256(jsonencode([
      local.methods, local.binary, local.function_names, local.domain_alone, var.allowed_addresses,
    ]))
  }
  depends_on = [
    aws_api_gateway_integration.served, aws_api_gateway_rest_api_policy.allowed,
    # else requests would come to a function that API Gateway may not call yet
    aws_lambda_permission.api,
  ]
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_api_gateway_stage" "this" {
  #checkov:skip=CKV_AWS_73:ids in our own log lines follow a message across both queues, which X-Ray does not
  #checkov:skip=CKV_AWS_120:a webhook must never be answered from a cache
  #checkov:skip=CKV2_AWS_4:execution logs would hold bodies and signatures
  #checkov:skip=CKV2_AWS_29:var.waf attaches one; without it limits per route and signatures guard the API, and a WAF costs more than the bridge
  #checkov:skip=CKV2_AWS_51:not every platform presents a client certificate; signatures over the body prove who sends
  #checkov:skip=CKV2_AWS_77:nothing here runs Java, and rules on bodies would refuse what customers write
  rest_api_id          = aws_api_gateway_rest_api.this.id
  deployment_id        = aws_api_gateway_deployment.this.id
  stage_name           = var.stage
  xray_tracing_enabled = false # the correlation id is in our own log lines
  tags                 = var.tags

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.api.arn
    # no query string: Meta's handshake carries the verify token in it. The resource, not the path: whoever has the
    # path of a link to media can open it.
    format = jsonencode({
      service   = var.name
      requestId = "$context.requestId"
      time      = "$context.requestTimeEpoch"
      ip        = "$context.identity.sourceIp"
      method    = "$context.httpMethod"
      resource  = "$context.resourcePath"
      status    = "$context.status"
      latencyMs = "$context.responseLatency"
      error     = "$context.error.messageString"
      # THROTTLED, WAF_FILTERED, …: who refused, where it was not the edge
      responseType = "$context.error.responseType"
      waf          = "$context.wafResponseCode"
      tls          = "$context.tlsVersion"
    })
  }

  depends_on = [aws_api_gateway_account.this]
}

resource "aws_lambda_permission" "api" {
  for_each      = toset(["edge", "desk_edge"])
  statement_id  = "api"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.role[each.key].function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_api_gateway_rest_api.this.execution_arn}/${var.stage}/*/api/*"
}

moved {
  from = aws_lambda_permission.api
  to   = aws_lambda_permission.api["edge"]
}

resource "aws_cloudwatch_log_group" "api" {
  #checkov:skip=CKV_AWS_158:var.kms_key encrypts it where there is one, else CloudWatch's own; addresses and routes, no body, no query and no link
  #checkov:skip=CKV_AWS_338:var.log_retention_days decides: privacy asks for less than a year by default
  name              = local.log_groups["api"]
  kms_key_id        = local.key_arn
  retention_in_days = var.log_retention_days
  tags              = var.tags
  depends_on        = [aws_kms_key_policy.this] # or CloudWatch refuses the key
}

# One for the whole account and region; without it a stage with access logs is refused. Other APIs log by it, too, so it
# outlives the bridge that made it: provider 5 would leave the account with a role that is gone, provider 6 with none.
# examples/account makes it once for all; docs/deploy.md#once-for-each-aws-account.
resource "aws_iam_role" "api_logs" {
  count                = var.api_gateway_logs_role ? 1 : 0
  name                 = "${var.name}-api-logs"
  path                 = var.role_path
  permissions_boundary = var.role_permissions_boundary
  assume_role_policy   = local.trust["apigateway"]
  tags                 = var.tags

  lifecycle {
    prevent_destroy = true
    # another one would be another role, by which every API of the account logs
    ignore_changes = [path]
  }
}

resource "aws_iam_role_policy_attachment" "api_logs" {
  count      = var.api_gateway_logs_role ? 1 : 0
  role       = aws_iam_role.api_logs[0].name
  policy_arn = "arn:${local.partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_api_gateway_account" "this" {
  count               = var.api_gateway_logs_role ? 1 : 0
  cloudwatch_role_arn = aws_iam_role.api_logs[0].arn
  depends_on          = [aws_iam_role_policy_attachment.api_logs]

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_cloudwatch_metric_alarm" "edge_5xx" {
  alarm_name          = "${var.name}-edge-5xx"
  alarm_description   = "A webhook was not stored; the platform repeats it for a while. Look for `not stored` in the edge's log. docs/runbooks/edge_5xx.md"
  namespace           = "AWS/ApiGateway"
  metric_name         = "5XXError"
  dimensions          = { ApiName = aws_api_gateway_rest_api.this.name, Stage = aws_api_gateway_stage.this.stage_name }
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
