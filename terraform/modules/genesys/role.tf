# All that the running bridge may do. Its OAuth clients should have this role and no other.
resource "genesyscloud_auth_role" "bridge" {
  name        = "${var.name} bridge"
  description = "Posts customers' messages and receipts, reads a conversation back when an answer was lost, and raises who waits where an account says so"

  permission_policies {
    domain      = "conversation"
    entity_name = "message"
    action_set  = ["receive", "view"]
  }
  permission_policies {
    domain      = "analytics"
    entity_name = "conversationDetail"
    action_set  = ["view"]
  }
  dynamic "permission_policies" {
    for_each = var.raises ? ["routing"] : []
    content {
      domain      = permission_policies.value
      entity_name = "conversation"
      action_set  = ["edit"]
    }
  }
}

# The provider gives roles only to clients that it makes, and then their secrets lie in the state.
resource "terraform_data" "grant" {
  for_each = var.oauth_client_ids

  input = {
    command   = var.ops_command
    client    = each.key
    role      = genesyscloud_auth_role.bridge.id
    division  = local.division_id == null ? "" : local.division_id
    base_url  = var.base_url
    login_url = var.login_url
  }

  # the division only where one is named: what was granted before there was a choice stays as it is
  triggers_replace = {
    for name, id in { client = each.key, role = genesyscloud_auth_role.bridge.id, division = local.division_id } : name => id
    if name != "division" || var.division != "Home"
  }

  provisioner "local-exec" {
    working_dir = "${path.module}/../../.."
    command     = "${self.input.command} grant-role --client \"$CLIENT\" --role \"$ROLE\" --division \"$DIVISION\""
    environment = {
      CLIENT               = self.input.client
      ROLE                 = self.input.role
      DIVISION             = try(self.input.division, "") # what was granted before divisions were told was so at home
      DMDESK_GENESYS_API   = self.input.base_url
      DMDESK_GENESYS_LOGIN = self.input.login_url
    }
  }

  provisioner "local-exec" {
    when        = destroy
    working_dir = "${path.module}/../../.."
    command     = "${self.input.command} grant-role --undo --client \"$CLIENT\" --role \"$ROLE\" --division \"$DIVISION\""
    environment = {
      CLIENT               = self.input.client
      ROLE                 = self.input.role
      DIVISION             = try(self.input.division, "") # what was granted before divisions were told was so at home
      DMDESK_GENESYS_API   = self.input.base_url
      DMDESK_GENESYS_LOGIN = self.input.login_url
    }
  }
}
