# All that the running bridge may do. Give it, and nothing else, to the bridge's OAuth client.
resource "genesyscloud_auth_role" "bridge" {
  name        = "${var.name} bridge"
  description = "Posts customers' messages and receipts, and reads a conversation back when an answer was lost"

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
}
