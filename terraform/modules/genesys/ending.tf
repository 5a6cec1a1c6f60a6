# Open Messaging does not tell its webhook that a conversation is over. A trigger does: it starts a workflow, which calls
# the bridge by a data action. The bridge believes it where Genesys Cloud, when asked, says the same.
locals {
  ending_name = "${var.name} conversation end"
}

resource "genesyscloud_integration_credential" "ending" {
  count = var.conversation_end ? 1 : 0

  name                 = local.ending_name
  credential_type_name = "userDefined"
  # A data action cannot sign, so it carries a key, which follows from the webhook's secret and does not tell it
  # (chalicelib/desks/genesys/webhook.py makes the same). It lies in the state, as that secret does.
  fields = { key = sha256("dmdesk conversation end: ${var.ending_secret}") }

  # a new one comes to Genesys Cloud when AWS has it, as the secret itself does
  depends_on = [genesyscloud_conversations_messaging_integrations_open.account]
}

resource "genesyscloud_integration" "ending" {
  count = var.conversation_end ? 1 : 0

  integration_type = "custom-rest-actions"
  intended_state   = "ENABLED"

  config {
    name       = local.ending_name
    properties = jsonencode({})
    advanced   = jsonencode({})
    notes      = "Tells ${var.webhook_url} that conversations are over"
    # whatever the credential's type, an integration of this type has it under this name
    credentials = { basicAuth = genesyscloud_integration_credential.ending[0].id }
  }
}

resource "genesyscloud_integration_action" "ending" {
  count = var.conversation_end ? 1 : 0

  name                   = local.ending_name
  category               = local.ending_name
  integration_id         = genesyscloud_integration.ending[0].id
  secure                 = false
  config_timeout_seconds = 10

  contract_input = jsonencode({
    type     = "object"
    required = ["type", "conversationId"]
    properties = {
      type           = { type = "string" }
      conversationId = { type = "string" }
      eventTime      = { type = "integer" }
      addressTo      = { type = "string" }
      addressFrom    = { type = "string" }
    }
  })
  contract_output = jsonencode({ type = "object", properties = {} })

  config_request {
    request_url_template = var.webhook_url
    request_type         = "POST"
    request_template     = "$${input.rawRequest}"
    headers = {
      "Content-Type"        = "application/json"
      "X-Hub-Signature-256" = "key=$${credentials.key}"
      # Genesys sends bodies in chunks otherwise
      "Transfer-Encoding" = "buffered"
    }
  }

  # the bridge answers without a body
  config_response {
    translation_map          = {}
    translation_map_defaults = {}
    success_template         = "{}"
  }
}

resource "genesyscloud_flow" "ending" {
  count = var.conversation_end ? 1 : 0

  filepath = "${path.module}/flows/conversation_end.yaml"

  substitutions = {
    flow_name = jsonencode(local.ending_name)
    division  = jsonencode(var.division)
    category  = jsonencode(genesyscloud_integration_action.ending[0].category)
    action    = jsonencode(genesyscloud_integration_action.ending[0].name)
  }

  # Architect looked the action up by its name: another action of that name needs a new publication
  update_trigger_hash = sha256(genesyscloud_integration_action.ending[0].id)
}

resource "genesyscloud_processautomation_trigger" "ending" {
  count = var.conversation_end ? 1 : 0

  name       = local.ending_name
  topic_name = "v2.detail.events.conversation.{id}.customer.end"
  enabled    = true
  # dmdesk doctor knows it by the URL
  description = "Tells ${var.webhook_url} that conversations are over"

  target {
    id   = genesyscloud_flow.ending[0].id
    type = "Workflow"
    workflow_target_settings {
      data_format = "TopLevelPrimitives"
    }
  }

  match_criteria = jsonencode([
    { jsonPath = "mediaType", operator = "Equal", value = "MESSAGE" },
    { jsonPath = "messageType", operator = "Equal", value = "OPEN" },
  ])
}
