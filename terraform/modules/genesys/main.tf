locals {
  channels = toset([for account in var.accounts : account.channel])
  labels   = { instagram = "Instagram", tiktok = "TikTok" }

  # What an agent may attach; the platforms take nothing else.
  # developers.facebook.com/docs/instagram-platform, business-api.tiktok.com/portal/docs?id=1832184403754242
  outbound_media = {
    instagram = [
      "image/png", "image/jpeg", "image/gif", "audio/aac", "audio/mp4", "audio/wav",
      "video/mp4", "video/ogg", "video/quicktime", "video/webm", "application/pdf",
    ]
    tiktok = ["image/png", "image/jpeg"]
  }
}

resource "genesyscloud_conversations_messaging_supportedcontent" "channel" {
  for_each = local.channels

  name = "${var.name} ${local.labels[each.key]}"

  media_types {
    allow {
      # whatever a customer sends must reach the agent: what is not listed is dropped without a word
      inbound {
        type = "*/*"
      }

      dynamic "outbound" {
        for_each = local.outbound_media[each.key]
        content {
          type = outbound.value
        }
      }
    }
  }
}

resource "genesyscloud_conversations_messaging_settings" "direct_messages" {
  name = "${var.name} direct messages"

  # stories belong to Genesys' own Instagram channel; typing would cost calls that nobody sees
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
        outbound = "Disabled"
      }
    }
  }
}

resource "genesyscloud_conversations_messaging_integrations_open" "account" {
  for_each = var.accounts

  name = "${var.name} ${local.labels[each.value.channel]} ${each.value.name == "" ? each.key : each.value.name}"
  # both are always set: the provider would send empty references
  supported_content_id              = genesyscloud_conversations_messaging_supportedcontent.channel[each.value.channel].id
  messaging_setting_id              = genesyscloud_conversations_messaging_settings.direct_messages.id
  outbound_notification_webhook_url = var.webhook_url
  # the provider does not mark it as sensitive
  outbound_notification_webhook_signature_secret_token = sensitive(var.webhook_secret)
}

# One per platform: a customer's id means nothing on the other one.
resource "genesyscloud_externalcontacts_external_source" "channel" {
  for_each = var.identity_resolution ? local.channels : toset([])

  name   = "${var.name} ${local.labels[each.key]}"
  active = true
}
