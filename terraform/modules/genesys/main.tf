locals {
  channels = toset([for account in var.accounts : account.channel])

  # What an agent may attach: every type that the bridge lets pass (chalicelib/rules/mime.py). It sends what the
  # platform does not take as a link.
  attachable = [
    "image/jpeg", "image/png", "image/gif", "image/webp", "image/heic", "video/mp4", "video/quicktime", "video/webm",
    "video/3gpp", "video/ogg", "audio/aac", "audio/mp4", "audio/mpeg", "audio/wav", "audio/ogg", "audio/amr",
    "audio/webm", "audio/3gpp", "application/pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation", "text/plain", "text/csv",
  ]
}

resource "genesyscloud_conversations_messaging_supportedcontent" "channel" {
  for_each = local.channels

  name = "${var.name} ${var.channels[each.key]}"

  media_types {
    allow {
      # whatever a customer sends must reach the agent: what is not listed is dropped without a word
      inbound {
        type = "*/*"
      }

      dynamic "outbound" {
        for_each = local.attachable
        content {
          type = outbound.value
        }
      }
    }
  }
}

resource "genesyscloud_conversations_messaging_settings" "direct_messages" {
  name = "${var.name} direct messages"

  # stories belong to Genesys' own Instagram channel; customers see the agent typing, and no platform tells of theirs
  content {
    story {
      mention {
        inbound = "Disabled"
      }
      reply {
        inbound = "Disabled"
      }
    }
  }
  event {
    typing {
      on {
        inbound  = "Disabled"
        outbound = "Enabled"
      }
    }
  }
}

resource "genesyscloud_conversations_messaging_integrations_open" "account" {
  for_each = var.accounts

  name = "${var.name} ${var.channels[each.value.channel]} ${each.value.name == "" ? each.key : each.value.name}"
  # both are always set: the provider would send empty references
  supported_content_id              = genesyscloud_conversations_messaging_supportedcontent.channel[each.value.channel].id
  messaging_setting_id              = genesyscloud_conversations_messaging_settings.direct_messages.id
  outbound_notification_webhook_url = var.webhook_url
  # the provider does not mark it as sensitive
  outbound_notification_webhook_signature_secret_token = sensitive(var.webhook_secrets[each.key])

  # a flow is deleted after the integrations that it is attached to, whoever attached it: Genesys refuses it before
  depends_on = [genesyscloud_flow.inbound]
}

# One per platform: a customer's id means nothing on the other one.
resource "genesyscloud_externalcontacts_external_source" "channel" {
  for_each = var.identity_resolution ? local.channels : toset([])

  name   = "${var.name} ${var.channels[each.key]}"
  active = true
}
