# Alarms on what the bridge itself counts. Each watches the total of this bridge (dimension `service`).
locals {
  # metric → how many in how many seconds are too many, and what to do about it
  counted = {
    rejected = {
      from = var.alarms.rejected, in_s = 300
      says = "Webhooks were refused: a secret differs from the platform's, or somebody tries. The edge's log has the reasons."
    }
    refused = {
      from = var.alarms.refused, in_s = 3600
      says = "Platforms refuse agents' replies. The worker's log has the codes: a closed window, a lost permission, a token."
    }
    unconfirmed = {
      from = var.alarms.unconfirmed, in_s = 3600
      says = "Replies left, and no answer, echo or history told whether they arrived; their agents were told so. Does the platform still deliver echoes? Run `dmdesk doctor`."
    }
    receipt_lost = {
      from = 1, in_s = 300
      says = "Genesys Cloud refused a receipt, or did not take it for a day: an agent does not know what became of a reply. The worker's log names the message and Genesys' answer."
    }
    sent_again = {
      from = var.alarms.sent_again, in_s = 3600
      says = "Messages were sent to Genesys Cloud a second time, because it did not show the first one: agents may have read them twice. Look at Genesys' status page, and whether analytics is late."
    }
    media_failed = {
      from = var.alarms.media_failed, in_s = 3600
      says = "Customers' files could not be fetched, and their messages arrived without. The worker's log has the hosts: a platform that is down, a token without the permission, a network without a way out."
    }
    parked = {
      from = 1, in_s = 300
      says = "An event was put aside: unreadable, or of an account that Terraform does not know. `dmdesk parked` tells why: mend it, then run `dmdesk replay`."
    }
    guard_held = {
      from = 1, in_s = 300
      says = "A guard holds a customer's conversation, or has put it aside: it looks like a machine that answers ours, or like spam. `dmdesk held list` tells whose and why; `dmdesk held release` lets it go on."
    }
    failed = {
      from = 1, in_s = 300
      says = "Something happened that the code did not foresee. The log line `failed` has its place in the code: report it."
    }
    misconfigured = {
      from = 1, in_s = 300
      says = "Something that only you can set right is wrong, and all that needs it waits. The log line has the advice."
    }
    account_unreadable = {
      from = 1, in_s = 300
      says = "An account's item in the table cannot be read: its messages wait, the other accounts' go on. Run `terraform apply`, which writes it anew."
    }
    account_stopped = {
      from = 1, in_s = 300
      says = "The platform does not let an account send: it is restricted, or its access was taken away; or its owner wants its data deleted. The log line account stopped has the account and what to do."
    }
    proof_gaps = {
      from = 1, in_s = 3600
      says = "The daily comparison of an account found what was missing, doubled or out of order; what was missing has been brought, late. The log line `proof` of the function upkeep has the counts. Are the webhooks subscribed? Run `dmdesk doctor`."
    }
    problem_unlisted = {
      from = 1, in_s = 300
      says = "A platform answered with an error code that the bridge does not know, and it was taken for the nearest kind. problem_unlisted by code tells which: look it up, and look for a release."
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "counted" {
  for_each            = local.counted
  alarm_name          = "${var.name}-${replace(each.key, "_", "-")}"
  alarm_description   = "${each.value.says} docs/runbooks/${each.key}.md"
  namespace           = local.metrics.namespace
  metric_name         = each.key
  dimensions          = local.metrics.dimensions
  statistic           = "Sum"
  period              = each.value.in_s
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = each.value.from
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.alarm_topic]
  ok_actions          = [local.alarm_topic]
  tags                = var.tags
}

# An alarm of that name must not be deleted after it was made anew.
moved {
  from = aws_cloudwatch_metric_alarm.rejected
  to   = aws_cloudwatch_metric_alarm.counted["rejected"]
}

moved {
  from = aws_cloudwatch_metric_alarm.refused
  to   = aws_cloudwatch_metric_alarm.counted["refused"]
}

moved {
  from = aws_cloudwatch_metric_alarm.parked
  to   = aws_cloudwatch_metric_alarm.counted["parked"]
}

moved {
  from = aws_cloudwatch_metric_alarm.account_stopped
  to   = aws_cloudwatch_metric_alarm.counted["account_stopped"]
}

# Workers count it each time that the desk does not answer, at the latest every five minutes while anything waits.
resource "aws_cloudwatch_metric_alarm" "desk_away_minutes" {
  alarm_name          = "${var.name}-desk-away-minutes"
  alarm_description   = "A desk has not answered for ${var.outage_minutes} minutes or more: customers' messages wait, in order, and go on by themselves. `dmdesk doctor` tells since when. docs/runbooks/desk_away_minutes.md"
  namespace           = local.metrics.namespace
  metric_name         = "desk_away_minutes"
  dimensions          = local.metrics.dimensions
  statistic           = "Maximum"
  period              = 600
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = var.outage_minutes
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.alarm_topic]
  ok_actions          = [local.alarm_topic]
  tags                = var.tags
}

# From the platform's or Genesys' time of a message to its delivery on the other side, per direction.
resource "aws_cloudwatch_metric_alarm" "latency" {
  for_each            = local.queues
  alarm_name          = "${var.name}-${each.key}-latency"
  alarm_description   = "One in twenty messages (${each.key}) took longer than ${var.alarms.latency_s} s through the bridge. Look at the oldest message of its queue, at retries in the worker's log, and at whether more OAuth clients are due. docs/runbooks/latency.md"
  namespace           = local.metrics.namespace
  metric_name         = "latency_ms"
  dimensions          = merge(local.metrics.dimensions, { direction = each.key })
  extended_statistic  = "p95"
  period              = 900
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.alarms.latency_s * 1000
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.alarm_topic]
  ok_actions          = [local.alarm_topic]
  tags                = var.tags
}

# Per channel, as agents' messages are received too, and one channel's silence must not hide behind the other's traffic.
resource "aws_cloudwatch_metric_alarm" "quiet" {
  for_each            = var.alarms.quiet_hours > 0 ? toset([for account in var.accounts : account.channel]) : []
  alarm_name          = "${var.name}-quiet-${each.key}"
  alarm_description   = "Nobody has written on ${each.key} for ${var.alarms.quiet_hours} hours. Is the webhook subscription still there? docs/runbooks/quiet.md"
  namespace           = local.metrics.namespace
  metric_name         = "received"
  dimensions          = merge(local.metrics.dimensions, { source = each.key })
  statistic           = "Sum"
  period              = 3600
  evaluation_periods  = var.alarms.quiet_hours
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching" # nothing is counted where nothing comes
  alarm_actions       = [local.alarm_topic]
  ok_actions          = [local.alarm_topic]
  tags                = var.tags
}
