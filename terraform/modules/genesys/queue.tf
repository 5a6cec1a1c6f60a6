resource "genesyscloud_routing_wrapupcode" "code" {
  for_each = toset(var.queue.create ? var.queue.wrapup_codes : [])

  name = "${var.name}: ${each.value}"
}

resource "genesyscloud_routing_queue" "social" {
  count = var.queue.create ? 1 : 0

  name         = coalesce(trimspace(var.queue.name), "${var.name} social messages")
  description  = "${join(" and ", values(var.channels))} conversations (${var.name})"
  division_id  = local.division_id
  wrapup_codes = [for code in genesyscloud_routing_wrapupcode.code : code.id]

  media_settings_message {
    alerting_timeout_sec      = var.queue.alerting_timeout_s
    service_level_percentage  = var.queue.service_level_share
    service_level_duration_ms = var.queue.service_level_s * 1000
  }

  # who works on the queue, and with which script, is a supervisor's choice
  ignore_members = true

  lifecycle {
    ignore_changes = [default_script_ids, groups, skill_groups, teams]
  }
}

data "genesyscloud_routing_queue" "existing" {
  count = var.queue.create ? 0 : 1

  name = var.queue.name
}

locals {
  queue_id   = var.queue.create ? genesyscloud_routing_queue.social[0].id : data.genesyscloud_routing_queue.existing[0].id
  queue_name = var.queue.create ? genesyscloud_routing_queue.social[0].name : data.genesyscloud_routing_queue.existing[0].name
}
