# A URL is known before it serves: whoever is given one shall find it serving, and able to verify. So a changed webhook
# secret is the edge's before it is the integrations'.
output "webhook_url" {
  description = "What the consoles of the channels' platforms get."
  value       = "${local.public_url}/api/social/webhook"
  depends_on  = [aws_api_gateway_stage.this, aws_api_gateway_base_path_mapping.this, aws_route53_record.this, aws_lambda_permission.api, aws_secretsmanager_secret_version.this]
}

output "genesys_webhook_url" {
  description = "What the Open Messaging integrations get."
  value       = "${local.public_url}${var.desks["genesys"].webhook}"
  depends_on  = [aws_api_gateway_stage.this, aws_api_gateway_base_path_mapping.this, aws_route53_record.this, aws_lambda_permission.api, aws_secretsmanager_secret_version.this]
}

output "health_url" {
  description = "Answers 200 while the edge runs."
  value       = "${local.public_url}/api/health"
  depends_on  = [aws_api_gateway_stage.this, aws_api_gateway_base_path_mapping.this, aws_route53_record.this, aws_lambda_permission.api]
}

output "api_id" {
  description = "The REST API's id."
  value       = aws_api_gateway_rest_api.this.id
}

output "stage_arn" {
  description = "The ARN of the API's stage: what a web ACL is associated with."
  value       = aws_api_gateway_stage.this.arn
}

output "domain_target" {
  description = "Where the domain's name is to lead (CNAME, or an alias in its zone): name and zone. null without a domain."
  value = one([
    for domain in aws_api_gateway_domain_name.this : { name = domain.regional_domain_name, zone = domain.regional_zone_id }
  ])
}

output "web_acl_arn" {
  description = "The web ACL before the API; null without one."
  value       = one(aws_wafv2_web_acl_association.this[*].web_acl_arn)
}

output "stage" {
  description = "The REST API's stage."
  value       = aws_api_gateway_stage.this.stage_name
}

output "table_name" {
  description = "The ledger; accounts are items in it (pk ACCOUNT, sk <channel>#<id>)."
  value       = aws_dynamodb_table.ledger.name
}

output "table_keys" {
  description = "The names of the ledger's two keys."
  value       = { hash = aws_dynamodb_table.ledger.hash_key, range = aws_dynamodb_table.ledger.range_key }
}

output "bucket_name" {
  description = "Where media, what is too big for a queue, and what nobody could deliver, lies."
  value       = aws_s3_bucket.shelf.id
}

output "queue_urls" {
  description = "inbound, outbound: the queues' URLs."
  value       = { for key, queue in aws_sqs_queue.main : key => queue.url }
}

output "dead_letter_urls" {
  description = "inbound, outbound: the dead-letter queues' URLs."
  value       = { for key, queue in aws_sqs_queue.dead_letters : key => queue.url }
}

output "secret_names" {
  description = "The shared secrets' names: by channel, the desks' (genesys-webhook, genesys-oauth), media."
  value       = { for secret in local.shared_secrets : secret => aws_secretsmanager_secret.this[secret].name }
}

output "account_secret_names" {
  description = "Account key → name of the secret with its tokens."
  value       = { for key, secret in local.account_secrets : key => aws_secretsmanager_secret.this[secret].name }
}

output "function_names" {
  description = "edge, desk_edge, to_desk, to_customer, upkeep: the functions' names."
  value       = { for role, function in aws_lambda_function.role : role => function.function_name }
}

output "role_names" {
  description = "edge, desk_edge, to_desk, to_customer, upkeep: the functions' IAM roles."
  value       = { for role, one in aws_iam_role.function : role => one.name }
}

output "log_group_names" {
  description = "edge, desk_edge, to_desk, to_customer, upkeep and api: the log groups."
  value = merge(
    { for role, group in aws_cloudwatch_log_group.function : role => group.name },
    { api = aws_cloudwatch_log_group.api.name },
  )
}

output "alarm_topic_arn" {
  description = "The SNS topic of every alarm, ours or the one that was given; subscribe whatever wakes you."
  value       = local.alarm_topic
}

output "supervisors_topic_arn" {
  description = "The SNS topic where supervisors read of windows that close: subscribe them, by channel, account and kind if you like."
  value       = aws_sns_topic.supervisors.arn
}

output "region" {
  description = "The AWS region that all of it is in."
  value       = local.region
}

output "dashboard_url" {
  description = "The dashboard in the AWS console."
  value       = "https://${local.region}.console.aws.amazon.com/cloudwatch/home?region=${local.region}#dashboards/dashboard/${aws_cloudwatch_dashboard.this.dashboard_name}"
}

output "environment" {
  description = "The DMDESK_ variables of the functions; the operator's command line reads the same. No secrets."
  value       = { for name, value in local.environment : name => value if startswith(name, "DMDESK_") }
}
