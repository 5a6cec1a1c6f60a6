resource "genesyscloud_flow" "inbound" {
  count = var.flow.own ? 1 : 0

  filepath = "${path.module}/flows/inbound_message.yaml"

  # The provider replaces text. A JSON string is a YAML string, whatever it holds.
  substitutions = {
    flow_name        = jsonencode(var.flow.name == "" ? "${var.name} inbound messages" : var.flow.name)
    division         = jsonencode(var.division)
    queue_name       = jsonencode(local.queue_name)
    late_reply       = jsonencode(var.late_reply)
    late_after_hours = tostring(var.late_after_hours)
    priority         = tostring(var.priority)
  }

  # Architect looked the queue up by its name: another queue of that name needs a new publication
  update_trigger_hash = sha256(local.queue_id)
}

data "genesyscloud_flow" "existing" {
  count = var.flow.own ? 0 : 1

  name = var.flow.name
  type = "inboundshortmessage"
}

locals {
  flow_id = var.flow.own ? genesyscloud_flow.inbound[0].id : data.genesyscloud_flow.existing[0].id
}
