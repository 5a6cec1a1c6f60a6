output "topic" {
  description = "The ARN of the topic that chats are streamed to; its region is the instance's."
  value       = local.topic

  precondition {
    condition     = split(":", local.instance_arn)[3] == local.region
    error_message = "connect.instance is in ${split(":", local.instance_arn)[3]}, and the topic in ${local.region}: an instance streams within its region. Make a topic there and give connect.topic, with connect.flow."
  }
}

output "flow" {
  description = "The inbound flow that chats enter: its ARN, or what was given."
  value       = local.inbound

  precondition {
    condition     = local.region == var.region || var.connect.flow != null
    error_message = "connect.topic is in ${local.region}, and the bridge in ${var.region}, where alone flows are made and found: give connect.flow, the id or ARN of an inbound flow."
  }
}

output "flow_ids" {
  description = "inbound, disconnect, waiting: the flows' ARNs, as far as they are made or found here."
  value       = merge(local.leads_to, { inbound = local.inbound })
}

output "queue_arn" {
  description = "The queue that chats wait in; null where the inbound flow was given."
  value       = local.queue_arn
}

output "filter_policy" {
  description = "The filter of the subscription, for a topic that was given: it is subscribed by whoever made it."
  value       = jsonencode(local.filter)
}

output "rights" {
  description = "What the function that begins contacts may do, and nothing else: all that follows is done by the chat's own tokens."
  value = concat([
    {
      sid       = "BeginContacts"
      actions   = ["connect:StartChatContact"]
      resources = [for flow in distinct(concat([local.inbound], var.account_flows)) : "${local.instance_arn}/contact-flow/${reverse(split("/", flow))[0]}"]
    },
    {
      sid       = "StreamThem"
      actions   = ["connect:StartContactStreaming"]
      resources = ["${local.instance_arn}/contact/*"]
    },
    ], [
    # docs.aws.amazon.com/service-authorization/latest/reference/list_amazonconnectcustomerprofiles.html
    for domain in var.connect.profiles_domain[*] : {
      sid     = "PutCustomers"
      actions = ["profile:PutProfileObject"]
      resources = [
        for part in ["", "/object-types/dmdesk"] : "arn:${local.partition}:profile:${local.region}:${local.account_id}:domains/${domain}${part}"
      ]
    }
  ])
}
