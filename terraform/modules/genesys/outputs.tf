output "integration_ids" {
  description = "Account key to the id of its Open Messaging integration, once the flow is attached to it."
  value       = { for key in keys(var.accounts) : key => genesyscloud_conversations_messaging_integrations_open.account[key].id }
  # an account that the bridge knows before its flow is attached would open conversations that nobody gets
  depends_on = [terraform_data.link]
}

output "queue_id" {
  description = "The queue that conversations wait in."
  value       = local.queue_id
}

output "flow_id" {
  description = "The inbound message flow."
  value       = local.flow_id
}

output "role_id" {
  description = "The role to give to the bridge's OAuth client."
  value       = genesyscloud_auth_role.bridge.id
}
