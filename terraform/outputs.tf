output "webhook_url" {
  description = "The one URL for the consoles of the channels' platforms."
  value       = module.aws.webhook_url
}

output "paste" {
  description = "What to paste where, once."
  value = {
    for place, text in merge([for part in concat(values(local.channels), values(local.desks)) : part.paste]...) :
    place => replace(replace(text, "<webhook>", module.aws.webhook_url), "<role>", module.genesys.role_id)
  }
}

output "genesys_webhook_url" {
  description = "Where Genesys Cloud delivers; the integrations have it already."
  value       = module.aws.genesys_webhook_url
}

output "health_url" {
  description = "Answers 200 while the edge runs."
  value       = module.aws.health_url
}

output "dashboard_url" {
  description = "The dashboard in the AWS console."
  value       = module.aws.dashboard_url
}

output "alarm_topic_arn" {
  description = "The SNS topic of every alarm."
  value       = module.aws.alarm_topic_arn
}

output "supervisors_topic_arn" {
  description = "The SNS topic where supervisors read of windows that close."
  value       = module.aws.supervisors_topic_arn
}

output "integration_ids" {
  description = "Account key → its Open Messaging integration."
  value       = module.genesys.integration_ids
}

output "queue_id" {
  description = "The Genesys Cloud queue."
  value       = module.genesys.queue_id
}

output "flow_id" {
  description = "The inbound message flow."
  value       = module.genesys.flow_id
}

output "genesys_role_id" {
  description = "The least role for the bridge's OAuth clients."
  value       = module.genesys.role_id
}

output "operator_environment" {
  description = "What the command line needs to find this deployment: eval \"$(terraform output -raw operator_environment)\". No secrets."
  value = join("\n", [
    for name, value in merge(module.aws.environment, {
      AWS_REGION          = module.aws.region
      GENESYSCLOUD_REGION = var.genesys_region
      DMDESK_WEBHOOK_URL  = module.aws.webhook_url
      DMDESK_LOGS         = join(",", [for role, group in module.aws.log_group_names : group if role != "api"])
      }, {
      for urls in [values(module.aws.fed_dead_letter_urls)] : "DMDESK_FED_DEAD_LETTERS" => join(",", urls) if length(urls) > 0
    }) : "export ${name}='${value}'"
  ])
}

output "aws" {
  description = "Names and URLs in AWS, for operators and tests: table, bucket, queues, secrets, functions, roles, log groups, API."
  value       = module.aws
}

output "link_commands" {
  description = "What attaches the flow to each integration, and gives each OAuth client its role: run by Terraform, or left to you where link is none. May be run again."
  value       = module.genesys.link_commands
}

output "arns" {
  description = "The ARN of everything in AWS that another policy, or another module, may have to name: functions, roles, log groups, queues, dead-letter queues, table, bucket, topics, secrets, key, API, stage, schedule."
  value       = module.aws.arns
}

output "connect" {
  description = "Of Amazon Connect, where accounts are answered there: the topic's ARN, the flows' and the queue's ARNs, the queue that the topic feeds, and the filter of its subscription."
  value = one([
    for made in module.connect : {
      topic         = made.topic
      flows         = made.flow_ids
      queue         = made.queue_arn
      fed_queue     = module.aws.fed_queue_arns["connect"]
      filter_policy = made.filter_policy
    }
  ])
}
