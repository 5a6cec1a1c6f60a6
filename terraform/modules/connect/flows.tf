# Three flows, unless there are some: an instance's default ones tell customers that the agent has left, and hold a chat for
# a quarter of an hour after that, and do not support chat in a queue. None of ours says anything: whatever a flow says is a
# direct message. docs.aws.amazon.com/connect/latest/APIReference/flow-language.html
locals {
  makes_inbound = var.connect.flow == null && var.connect.flow_name == null
  # what the inbound flow leads to → the name of the one that is there, null for one of ours
  led_to = { disconnect = var.connect.disconnect_flow_name, waiting = var.connect.waiting_flow_name }
  made   = { for flow, name in local.led_to : flow => { disconnect = "CONTACT_FLOW", waiting = "CUSTOMER_QUEUE" }[flow] if local.makes_inbound && name == null }
  found = merge(
    { for flow, name in local.led_to : flow => name if local.makes_inbound && name != null },
    { for flow, name in { inbound = var.connect.flow_name } : flow => name if name != null },
  )

  leads_to = merge(
    { for flow, one in data.aws_connect_contact_flow.found : flow => one.arn },
    { for flow, one in aws_connect_contact_flow.led_to : flow => one.arn },
  )
  inbound   = var.connect.flow != null ? var.connect.flow : local.makes_inbound ? one(aws_connect_contact_flow.inbound[*].arn) : local.leads_to["inbound"]
  queue_arn = one(concat(data.aws_connect_queue.found[*].arn, aws_connect_queue.this[*].arn))
}

data "aws_connect_contact_flow" "found" {
  for_each    = local.found
  instance_id = local.instance_id
  name        = each.value
}

data "aws_connect_queue" "found" {
  count       = local.makes_inbound && var.connect.hours == null ? 1 : 0
  instance_id = local.instance_id
  name        = var.connect.queue
}

data "aws_connect_hours_of_operation" "this" {
  count       = local.makes_inbound && var.connect.hours != null ? 1 : 0
  instance_id = local.instance_id
  name        = var.connect.hours
}

resource "aws_connect_queue" "this" {
  count                 = length(data.aws_connect_hours_of_operation.this)
  instance_id           = local.instance_id
  name                  = var.connect.queue
  description           = "dmdesk: customers who write direct messages"
  hours_of_operation_id = data.aws_connect_hours_of_operation.this[0].hours_of_operation_id
  tags                  = var.tags
}

resource "aws_connect_contact_flow" "led_to" {
  for_each    = local.made
  instance_id = local.instance_id
  name        = "${var.name} ${each.key}"
  description = "dmdesk: ${ { disconnect = "ends a chat whose agent has ended it, and says nothing", waiting = "lets a chat wait for an agent, and says nothing" }[each.key]}"
  type        = each.value
  content     = file("${path.module}/flows/${each.key}.json")
  tags        = var.tags
}

resource "aws_connect_contact_flow" "inbound" {
  count       = local.makes_inbound ? 1 : 0
  instance_id = local.instance_id
  name        = "${var.name} inbound"
  description = "dmdesk: leads chats to the queue, and says nothing"
  type        = "CONTACT_FLOW"
  content = templatefile("${path.module}/flows/inbound.json", {
    disconnect = local.leads_to["disconnect"]
    waiting    = local.leads_to["waiting"]
    queue      = local.queue_arn
  })
  tags = var.tags
}
