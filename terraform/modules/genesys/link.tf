# The provider has no resource that attaches a flow to an integration, nor one for the identity resolution of
# Open Messaging. Our command does both, waits for the integration's asynchronous creation, and reads back.
# Credentials come from the environment: GENESYSCLOUD_OAUTHCLIENT_ID and _SECRET, as for the provider; the region from
# the variables.
resource "terraform_data" "link" {
  for_each = var.accounts

  # the command runs again when one of the ids changes, and not when only the way to run it does
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

  lifecycle {
    # another flow takes over without a moment in which conversations reach nobody
    create_before_destroy = true
  }
}

# Takes the flow away before it or the integration is deleted. Apart from the link, which is replaced by the same one now
# and then: a `depends_on` of the caller leaves the id of a flow that is not ours unknown until the apply.
resource "terraform_data" "unlink" {
  for_each = var.accounts

  # a destroy provisioner sees its own resource only, so what it needs is kept here
  input            = terraform_data.link[each.key].input
  triggers_replace = { integration = genesyscloud_conversations_messaging_integrations_open.account[each.key].id }

  provisioner "local-exec" {
    when        = destroy
    working_dir = "${path.module}/../../.."
    command     = "${self.input.command} link-flow --undo --integration \"$INTEGRATION\" --flow \"$FLOW\""
    environment = {
      INTEGRATION          = self.input.integration
      FLOW                 = self.input.flow
      DMDESK_GENESYS_API   = self.input.base_url
      DMDESK_GENESYS_LOGIN = self.input.login_url
    }
  }
}

# Ends the look-up of customers before its external source is deleted, and leaves the flow where it is.
resource "terraform_data" "unresolve" {
  for_each = var.identity_resolution ? var.accounts : {}

  input = terraform_data.link[each.key].input
  triggers_replace = {
    integration = genesyscloud_conversations_messaging_integrations_open.account[each.key].id
    source      = genesyscloud_externalcontacts_external_source.channel[each.value.channel].id
  }

  provisioner "local-exec" {
    when        = destroy
    working_dir = "${path.module}/../../.."
    # no flow is called none: whichever is attached stays
    command = "${self.input.command} link-flow --undo --integration \"$INTEGRATION\" --flow none --external-source \"$SOURCE\""
    environment = {
      INTEGRATION          = self.input.integration
      SOURCE               = self.input.source
      DMDESK_GENESYS_API   = self.input.base_url
      DMDESK_GENESYS_LOGIN = self.input.login_url
    }
  }
}
