# A web ACL before the API: ours, or one that is given. Ours refuses what no platform sends. Platforms come from few
# addresses, by the thousand in a busy hour: what is theirs it counts by no address.
locals {
  # as WAF sees a path: with the stage before it, or with a domain's base path
  webhook_paths = "(${join("|", concat(["/api/social/webhook"], local.desk_routes))})$"
  media_path    = "/api/media/"
  # what platforms call, the callbacks among it, which are signed in their bodies; and files, which have a rule of theirs
  uncounted_paths = "(${local.webhook_paths}|/api/(deauthorised|deletion|media)/)"

  # Without one of these headers a delivery is refused by the edge in any case. Where a channel or desk has none, WAF
  # cannot tell who did not sign.
  signatures = [
    for header in concat(
      values(var.channels)[*].signature_header,
      [for desk in var.desks : desk.signature_header if desk.webhook != ""],
    ) : lower(header)
  ]
  told_unsigned = !contains(local.signatures, "") ? { this = distinct(local.signatures) } : {}

  # of the edge (LARGEST_BODY in chalicelib/edge/receive.py) and a little more: 5,000,000 bytes or more
  too_long = "^([5-9][0-9]{6}|[0-9]{8,})$"

  own_acl = var.waf.acl == "own" ? { this = var.name } : {}
}

resource "aws_wafv2_web_acl" "own" {
  #checkov:skip=CKV_AWS_192:nothing here runs Java, and rules on bodies would refuse what customers write
  #checkov:skip=CKV2_AWS_31:the API's access log has what the ACL answered (waf, responseType); WAF's own would hold Meta's verify token, which comes in a query
  for_each    = local.own_acl
  name        = each.value
  description = "dmdesk: refuses what no platform sends"
  scope       = "REGIONAL"
  tags        = var.tags

  default_action {
    allow {}
  }

  dynamic "rule" {
    for_each = local.told_unsigned
    content {
      name     = "unsigned"
      priority = 0
      action {
        block {}
      }
      statement {
        and_statement {
          statement {
            byte_match_statement {
              search_string         = "POST"
              positional_constraint = "EXACTLY"
              field_to_match {
                method {}
              }
              text_transformation {
                priority = 0
                type     = "NONE"
              }
            }
          }
          statement {
            regex_match_statement {
              regex_string = local.webhook_paths
              field_to_match {
                uri_path {}
              }
              text_transformation {
                priority = 0
                type     = "NONE"
              }
            }
          }
          dynamic "statement" {
            for_each = rule.value
            content {
              not_statement {
                statement {
                  size_constraint_statement {
                    comparison_operator = "GT"
                    size                = 0
                    field_to_match {
                      single_header {
                        name = statement.value
                      }
                    }
                    text_transformation {
                      priority = 0
                      type     = "NONE"
                    }
                  }
                }
              }
            }
          }
        }
      }
      visibility_config {
        cloudwatch_metrics_enabled = true
        metric_name                = "${each.value}-unsigned"
        sampled_requests_enabled   = false # a sample would hold headers and queries
      }
    }
  }

  # API Gateway hands none of that size on
  rule {
    name     = "too-long"
    priority = 1
    action {
      block {}
    }
    statement {
      regex_match_statement {
        regex_string = local.too_long
        field_to_match {
          single_header {
            name = "content-length"
          }
        }
        text_transformation {
          priority = 0
          type     = "NONE"
        }
      }
    }
    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "${each.value}-too-long"
      sampled_requests_enabled   = false
    }
  }

  # elsewhere than at the webhooks 8 KB are plenty: a callback's signed request has some hundred bytes, the rest none
  rule {
    name     = "too-long-elsewhere"
    priority = 2
    action {
      block {}
    }
    statement {
      and_statement {
        statement {
          not_statement {
            statement {
              regex_match_statement {
                regex_string = local.webhook_paths
                field_to_match {
                  uri_path {}
                }
                text_transformation {
                  priority = 0
                  type     = "NONE"
                }
              }
            }
          }
        }
        statement {
          size_constraint_statement {
            comparison_operator = "GT"
            size                = 8192
            field_to_match {
              body {
                oversize_handling = "MATCH"
              }
            }
            text_transformation {
              priority = 0
              type     = "NONE"
            }
          }
        }
      }
    }
    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "${each.value}-too-long-elsewhere"
      sampled_requests_enabled   = false
    }
  }

  # files are opened by agents, who may share an address, and by Genesys Cloud
  rule {
    name     = "too-often-files"
    priority = 3
    action {
      block {}
    }
    statement {
      rate_based_statement {
        aggregate_key_type    = "IP"
        evaluation_window_sec = 300
        limit                 = var.waf.media_rate
        scope_down_statement {
          byte_match_statement {
            search_string         = local.media_path
            positional_constraint = "CONTAINS"
            field_to_match {
              uri_path {}
            }
            text_transformation {
              priority = 0
              type     = "NONE"
            }
          }
        }
      }
    }
    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "${each.value}-too-often-files"
      sampled_requests_enabled   = false
    }
  }

  # all that no platform calls: health, what no route takes
  rule {
    name     = "too-often"
    priority = 4
    action {
      block {}
    }
    statement {
      rate_based_statement {
        aggregate_key_type    = "IP"
        evaluation_window_sec = 300
        limit                 = var.waf.rate
        scope_down_statement {
          not_statement {
            statement {
              regex_match_statement {
                regex_string = local.uncounted_paths
                field_to_match {
                  uri_path {}
                }
                text_transformation {
                  priority = 0
                  type     = "NONE"
                }
              }
            }
          }
        }
      }
    }
    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "${each.value}-too-often"
      sampled_requests_enabled   = false
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = each.value
    sampled_requests_enabled   = false
  }
}

resource "aws_wafv2_web_acl_association" "this" {
  count        = var.waf.acl == "none" ? 0 : 1
  resource_arn = aws_api_gateway_stage.this.arn
  web_acl_arn  = var.waf.acl == "own" ? aws_wafv2_web_acl.own["this"].arn : var.waf.arn
}
