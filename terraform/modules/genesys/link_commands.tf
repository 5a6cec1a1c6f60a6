# What ops_command is run for, as a person would run it: where it is "true" Terraform runs nothing, and these are left to
# people. The resources that stand for it stay, so that neither way of linking takes away what the other did.
output "link_commands" {
  description = "What attaches the flow to each integration, and gives each OAuth client its role. May be run again."
  value = concat([
    for key, account in var.accounts : join(" ", compact([
      "dmdesk link-flow --integration ${genesyscloud_conversations_messaging_integrations_open.account[key].id} --flow ${local.flow_id}",
      var.identity_resolution ? "--external-source ${genesyscloud_externalcontacts_external_source.channel[account.channel].id}" : "",
    ]))
    ], [
    for client in var.oauth_client_ids : join(" ", compact([
      "dmdesk grant-role --client ${client} --role ${genesyscloud_auth_role.bridge.id}",
      var.division == "Home" ? "" : "--division ${local.division_id}",
    ]))
  ])
}
