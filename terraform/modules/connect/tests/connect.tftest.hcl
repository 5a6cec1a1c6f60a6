# What is made of an instance, and what is left as it is there.
mock_provider "aws" {
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-central-1:111122223333:dmdesk-connect" }
  }
  mock_resource "aws_connect_contact_flow" {
    defaults = { arn = "arn:aws:connect:eu-central-1:111122223333:instance/abc/contact-flow/made" }
  }
  mock_data "aws_connect_contact_flow" {
    defaults = { arn = "arn:aws:connect:eu-central-1:111122223333:instance/abc/contact-flow/found" }
  }
  mock_data "aws_connect_queue" {
    defaults = { arn = "arn:aws:connect:eu-central-1:111122223333:instance/abc/queue/found" }
  }
  mock_resource "aws_connect_queue" {
    defaults = { arn = "arn:aws:connect:eu-central-1:111122223333:instance/abc/queue/made" }
  }
  override_resource {
    target = aws_connect_contact_flow.led_to["waiting"]
    values = { arn = "arn:aws:connect:eu-central-1:111122223333:instance/abc/contact-flow/waiting" }
  }
}

variables {
  name      = "dmdesk"
  region    = "eu-central-1"
  queue_arn = "arn:aws:sqs:eu-central-1:111122223333:dmdesk-from-connect"

  dead_letters_arn = "arn:aws:sqs:eu-central-1:111122223333:dmdesk-from-connect-dead-letters"
  connect          = { instance = "abc" }
}

run "connect_alone_publishes_for_this_instance_and_account" {
  assert {
    condition = jsondecode(aws_sns_topic_policy.this[0].policy).Statement[0] == {
      Sid       = "Chats"
      Effect    = "Allow"
      Principal = { Service = "connect.amazonaws.com" }
      Action    = "sns:Publish"
      Resource  = "arn:aws:sns:eu-central-1:111122223333:dmdesk-connect"
      Condition = {
        StringEquals = { "aws:SourceAccount" = "111122223333" }
        ArnEquals    = { "aws:SourceArn" = "arn:aws:connect:eu-central-1:111122223333:instance/abc" }
      }
    }
    error_message = aws_sns_topic_policy.this[0].policy
  }
  assert {
    condition     = [for one in jsondecode(aws_sns_topic_policy.this[0].policy).Statement : one.Condition if one.Effect == "Deny"] == [{ Bool = { "aws:SecureTransport" = "false" } }]
    error_message = "nothing without TLS"
  }
  assert {
    condition     = aws_sns_topic.this[0].name == "dmdesk-connect" && aws_sns_topic.this[0].kms_master_key_id == null && try(aws_sns_topic.this[0].fifo_topic, false) != true
    error_message = "Connect publishes to standard topics, and not through AWS's own key"
  }
}

run "what_customers_do_themselves_wakes_nothing_and_an_end_without_a_role_passes" {
  assert {
    condition     = aws_sns_topic_subscription.this[0].protocol == "sqs" && aws_sns_topic_subscription.this[0].endpoint == var.queue_arn && jsondecode(aws_sns_topic_subscription.this[0].redrive_policy) == { deadLetterTargetArn = var.dead_letters_arn } && try(aws_sns_topic_subscription.this[0].raw_message_delivery, false) != true
    error_message = "the queue, with the attributes beside the message"
  }
  assert {
    condition = jsondecode(aws_sns_topic_subscription.this[0].filter_policy) == {
      MessageVisibility = ["CUSTOMER", "ALL", { exists = false }]
      "$or" = [
        { ParticipantRole = [{ "anything-but" = ["CUSTOMER"] }, { exists = false }] },
        { Type = ["ATTACHMENT"] },
      ]
    }
    error_message = aws_sns_topic_subscription.this[0].filter_policy
  }
}

run "three_flows_that_lead_to_each_other" {
  assert {
    condition     = { for flow, one in merge(aws_connect_contact_flow.led_to, { inbound = aws_connect_contact_flow.inbound[0] }) : flow => "${one.name}: ${one.type}" } == { disconnect = "dmdesk disconnect: CONTACT_FLOW", waiting = "dmdesk waiting: CUSTOMER_QUEUE", inbound = "dmdesk inbound: CONTACT_FLOW" }
    error_message = "names and types"
  }
  assert {
    condition = [for one in jsondecode(aws_connect_contact_flow.inbound[0].content).Actions : one.Parameters if one.Type != "DisconnectParticipant"] == [
      { FlowLoggingBehavior = "Disabled" },
      { EventHooks = { CustomerRemaining = "arn:aws:connect:eu-central-1:111122223333:instance/abc/contact-flow/made" } },
      { EventHooks = { CustomerQueue = "arn:aws:connect:eu-central-1:111122223333:instance/abc/contact-flow/waiting" } },
      { QueueId = "arn:aws:connect:eu-central-1:111122223333:instance/abc/queue/found" },
      {},
    ]
    error_message = aws_connect_contact_flow.inbound[0].content
  }
  assert {
    condition     = data.aws_connect_queue.found[0].name == "BasicQueue" && length(aws_connect_queue.this) == 0
    error_message = "the queue that every instance has"
  }
  assert {
    condition     = output.flow == aws_connect_contact_flow.inbound[0].arn && keys(output.flow_ids) == ["disconnect", "inbound", "waiting"]
    error_message = "outputs"
  }
}

run "the_function_begins_contacts_in_these_flows_and_streams_them" {
  variables {
    connect       = { instance = "arn:aws:connect:eu-central-1:111122223333:instance/abc", flow = "f1" }
    account_flows = ["arn:aws:connect:eu-central-1:111122223333:instance/abc/contact-flow/f2", "f1"]
  }
  assert {
    condition = output.rights == [
      { sid = "BeginContacts", actions = ["connect:StartChatContact"], resources = ["arn:aws:connect:eu-central-1:111122223333:instance/abc/contact-flow/f1", "arn:aws:connect:eu-central-1:111122223333:instance/abc/contact-flow/f2"] },
      { sid = "StreamThem", actions = ["connect:StartContactStreaming"], resources = ["arn:aws:connect:eu-central-1:111122223333:instance/abc/contact/*"] },
    ]
    error_message = jsonencode(output.rights)
  }
  assert {
    condition     = length(aws_connect_contact_flow.inbound) + length(aws_connect_contact_flow.led_to) + length(data.aws_connect_queue.found) == 0 && output.flow == "f1" && output.queue_arn == null
    error_message = "a flow that is given leads where it leads"
  }
}

run "and_puts_customers_into_the_domain_that_is_named_and_no_other" {
  variables {
    connect = { instance = "arn:aws:connect:eu-central-1:111122223333:instance/abc", flow = "f1", profiles_domain = "tea-house" }
  }
  assert {
    condition     = slice(output.rights, 2, length(output.rights)) == [{ sid = "PutCustomers", actions = ["profile:PutProfileObject"], resources = ["arn:aws:profile:eu-central-1:111122223333:domains/tea-house", "arn:aws:profile:eu-central-1:111122223333:domains/tea-house/object-types/dmdesk"] }]
    error_message = jsonencode(output.rights)
  }
}

run "what_is_there_is_found_by_its_name" {
  variables {
    connect = { instance = "abc", disconnect_flow_name = "Their end", waiting_flow_name = "Their wait", queue = "Messages", hours = "Basic Hours" }
  }
  assert {
    condition     = { for flow, one in data.aws_connect_contact_flow.found : flow => one.name } == { disconnect = "Their end", waiting = "Their wait" } && length(aws_connect_contact_flow.led_to) == 0
    error_message = "flows"
  }
  assert {
    condition     = aws_connect_queue.this[0].name == "Messages" && data.aws_connect_hours_of_operation.this[0].name == "Basic Hours" && length(data.aws_connect_queue.found) == 0 && output.queue_arn == aws_connect_queue.this[0].arn
    error_message = "with hours, the queue is made"
  }
}

run "an_inbound_flow_is_found_by_its_name" {
  variables {
    connect = { instance = "abc", flow_name = "Theirs", disconnect_flow_name = "not asked for" }
  }
  assert {
    condition     = keys(data.aws_connect_contact_flow.found) == ["inbound"] && output.flow == data.aws_connect_contact_flow.found["inbound"].arn && length(aws_connect_contact_flow.inbound) == 0
    error_message = "by name"
  }
}

run "a_topic_that_is_given_is_whose_it_is" {
  variables {
    region  = "eu-west-1"
    connect = { instance = "abc", flow = "f1", topic = "arn:aws:sns:eu-central-1:111122223333:theirs" }
  }
  assert {
    condition     = length(aws_sns_topic.this) + length(aws_sns_topic_policy.this) + length(aws_sns_topic_subscription.this) == 0 && output.topic == "arn:aws:sns:eu-central-1:111122223333:theirs"
    error_message = "neither policy nor subscription"
  }
  assert {
    condition     = output.rights[1].resources == ["arn:aws:connect:eu-central-1:111122223333:instance/abc/contact/*"]
    error_message = "the instance is in the topic's region"
  }
}

run "an_instance_of_another_region_needs_a_topic_there" {
  variables {
    connect = { instance = "arn:aws:connect:us-east-1:111122223333:instance/abc", flow = "f1" }
  }
  expect_failures = [output.topic]
}

run "and_a_flow" {
  command = plan
  variables {
    region  = "eu-west-1"
    connect = { instance = "abc", topic = "arn:aws:sns:eu-central-1:111122223333:theirs" }
  }
  expect_failures = [output.flow]
}

run "files_and_transcripts_are_kept_where_that_is_wanted" {
  variables {
    connect = { instance = "abc", transcripts = "chats", attachments = "files" }
    key_arn = "arn:aws:kms:eu-central-1:111122223333:key/ours"
    tags    = { owner = "desk" }
  }
  assert {
    condition     = { for type, one in aws_connect_instance_storage_config.this : type => "${one.storage_config[0].s3_config[0].bucket_name}/${one.storage_config[0].s3_config[0].bucket_prefix}" } == { CHAT_TRANSCRIPTS = "chats/dmdesk/chat_transcripts", ATTACHMENTS = "files/dmdesk/attachments" }
    error_message = "where"
  }
  assert {
    condition     = aws_sns_topic.this[0].kms_master_key_id == var.key_arn && aws_sns_topic.this[0].tags == tomap({ owner = "desk" })
    error_message = "key and tags"
  }
}

run "or_left_alone" {
  assert {
    condition     = length(aws_connect_instance_storage_config.this) == 0
    error_message = "an instance has one of each, which is not replaced unasked"
  }
}
