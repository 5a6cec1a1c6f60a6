# The provider has no resource that attaches a flow to an integration, nor one for the identity resolution of
# Open Messaging. Our command does both, waits for the integration's asynchronous creation, and reads back.
# Credentials come from the environment: GENESYSCLOUD_OAUTHCLIENT_ID and _SECRET, as for the provider.
resource "terraform_data" "link" {
  for_each = var.accounts

  # A destroy provisioner sees its own resource only, so what it needs is kept here. Both commands run again
  # when one of the ids changes, and not when only the way to run them does.
  input = {
    command     = var.ops_command
    integration = genesyscloud_conversations_messaging_integrations_open.account[each.key].id
    flow        = local.flow_id
    source      = var.identity_resolution ? genesyscloud_externalcontacts_external_source.channel[each.value.channel].id : ""
    base_url    = var.base_url
    login_url   = var.login_url
  }

  triggers_replace = {
    integration = genesyscloud_conversations_messaging_integrations_open.account[each.key].id
    flow        = local.flow_id
    source      = var.identity_resolution ? genesyscloud_externalcontacts_external_source.channel[each.value.channel].id : ""
  }

  provisioner "local-exec" {
    working_dir = "${path.module}/../../.."
    command     = "${self.input.command} link-flow --integration \"$INTEGRATION\" --flow \"$FLOW\" --external-source \"$SOURCE\""
    environment = {
      INTEGRATION          = self.input.integration
      FLOW                 = self.input.flow
      SOURCE               = self.input.source
      DMDESK_GENESYS_API   = self.input.base_url
      DMDESK_GENESYS_LOGIN = self.input.login_url
    }
  }

  provisioner "local-exec" {
    when        = destroy
    working_dir = "${path.module}/../../.."
    command     = "${self.input.command} link-flow --undo --integration \"$INTEGRATION\" --flow \"$FLOW\" --external-source \"$SOURCE\""
    environment = {
      INTEGRATION          = self.input.integration
      FLOW                 = self.input.flow
      SOURCE               = self.input.source
      DMDESK_GENESYS_API   = self.input.base_url
      DMDESK_GENESYS_LOGIN = self.input.login_url
    }
  }

  lifecycle {
    # another flow takes over without a moment in which conversations reach nobody; the old one's undo then
    # finds that it is no longer attached, and leaves the new one alone
    create_before_destroy = true
  }
}
