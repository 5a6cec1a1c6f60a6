# What stands before the bridge: limits by route and verb, a domain, a web ACL, who may come at all.
mock_provider "aws" {
  source = "./tests"
}

variables {
  secrets  = {} # terraform test takes no default of an ephemeral variable
  package  = "../../tests/fixtures/dmdesk.zip"
  accounts = { acme_ig = { channel = "instagram", id = "17841400000000001" } }
  channels = {
    instagram = { title = "Instagram", settings = {}, signature_header = "X-Hub-Signature-256" }
    tiktok    = { title = "TikTok", settings = {}, signature_header = "Tiktok-Signature" }
  }
  desks = {
    genesys = {
      title            = "Genesys Cloud"
      webhook          = "/api/genesys/outbound"
      webhook_secrets  = ["genesys-webhook"]
      client_secrets   = ["genesys-oauth"]
      settings         = {}
      signature_header = "X-Hub-Signature-256"
    }
  }
}

run "each_route_and_verb_has_limits_of_its_own" {
  assert {
    condition = { for one in aws_api_gateway_method_settings.served : one.method_path => "${one.settings[0].throttling_rate_limit} ${one.settings[0].throttling_burst_limit}" } == {
      "api/deauthorised/{channel}/POST" = "10 20"
      "api/deletion/{name}/GET"         = "10 20"
      "api/deletion/{name}/HEAD"        = "10 20"
      "api/deletion/{name}/POST"        = "10 20"
      "api/genesys/outbound/POST"       = "500 1000"
      "api/health/GET"                  = "10 20"
      "api/health/HEAD"                 = "10 20"
      "api/media/{token}/GET"           = "100 200"
      "api/media/{token}/HEAD"          = "100 200"
      "api/social/webhook/GET"          = "10 20"
      "api/social/webhook/POST"         = "200 400"
    }
    error_message = jsonencode([for one in aws_api_gateway_method_settings.served : one.method_path])
  }
  assert {
    condition     = alltrue([for one in concat(values(aws_api_gateway_method_settings.served), [aws_api_gateway_method_settings.all]) : one.settings[0].metrics_enabled && one.settings[0].logging_level == "OFF" && !one.settings[0].data_trace_enabled && one.settings[0].throttling_rate_limit > 0])
    error_message = "a method's settings inherit nothing from the stage's"
  }
  assert {
    condition     = { for name, one in local.methods : name => one.function if one.function != "edge" } == { "POST /api/genesys/outbound" = "desk_edge" }
    error_message = "replies have a function of their own"
  }
  assert {
    condition     = aws_lambda_function.role["desk_edge"].reserved_concurrent_executions == -1 && aws_lambda_function.role["desk_edge"].memory_size == 1024
    error_message = "as the edge, with no reserve unless one is set"
  }
  assert {
    condition     = !aws_api_gateway_rest_api.this.disable_execute_api_endpoint && length(aws_api_gateway_domain_name.this) + length(aws_wafv2_web_acl.own) + length(aws_wafv2_web_acl_association.this) + length(aws_s3_bucket_logging.shelf) == 0 && jsondecode(aws_api_gateway_rest_api_policy.allowed.policy).Statement[*].Effect == ["Allow"]
    error_message = "nothing of the rest unless it is asked for"
  }
}

run "one_pair_of_limits_holds_for_every_route_as_it_did" {
  variables {
    throttling = { rate = 50, burst = 70 }
    edge       = { reserved_concurrency = 30, memory_mb = 512 }
    desk_edge  = { reserved_concurrency = 20 }
  }
  assert {
    condition     = alltrue([for one in concat(values(aws_api_gateway_method_settings.served), [aws_api_gateway_method_settings.all]) : one.settings[0].throttling_rate_limit == 50 && one.settings[0].throttling_burst_limit == 70])
    error_message = "rate and burst alone"
  }
  assert {
    condition     = { for role in ["edge", "desk_edge"] : role => "${aws_lambda_function.role[role].reserved_concurrent_executions} ${aws_lambda_function.role[role].memory_size}" } == { edge = "30 512", desk_edge = "20 512" }
    error_message = "each edge has a reserve of its own"
  }
}

run "a_route_has_what_is_named_for_it" {
  variables {
    throttling = { rate = 50, routes = { replies = { rate = 900 }, media = { burst = 5 } } }
  }
  assert {
    condition = { for one in aws_api_gateway_method_settings.served : one.method_path => "${one.settings[0].throttling_rate_limit} ${one.settings[0].throttling_burst_limit}" if endswith(one.method_path, "d/POST") || endswith(one.method_path, "/GET") } == {
      "api/deletion/{name}/GET"   = "50 20"
      "api/genesys/outbound/POST" = "900 1000"
      "api/health/GET"            = "50 20"
      "api/media/{token}/GET"     = "50 5"
      "api/social/webhook/GET"    = "50 20"
    }
    error_message = jsonencode({ for one in aws_api_gateway_method_settings.served : one.method_path => one.settings[0] })
  }
}

run "a_limit_that_no_route_has" {
  command = plan
  variables {
    throttling = { routes = { webhook = { rate = 1 } } }
  }
  expect_failures = [var.throttling]
}

run "a_limit_that_lets_nothing_through" {
  command = plan
  variables {
    throttling = { routes = { replies = { rate = 0 } } }
  }
  expect_failures = [var.throttling]
}

run "a_negative_limit_would_be_none" {
  command = plan
  variables {
    throttling = { rate = -1 }
  }
  expect_failures = [var.throttling]
}

run "a_reserve_of_nothing_would_take_no_reply" {
  command = plan
  variables {
    desk_edge = { reserved_concurrency = 0 }
  }
  expect_failures = [var.desk_edge]
}

run "a_domain_with_a_certificate_of_theirs" {
  variables {
    domain = { name = "dm.example.com", certificate_arn = "arn:aws:acm:eu-west-1:111122223333:certificate/theirs", base_path = "bridge" }
  }
  assert {
    condition     = aws_api_gateway_domain_name.this["this"].security_policy == "TLS_1_2" && aws_api_gateway_domain_name.this["this"].regional_certificate_arn == "arn:aws:acm:eu-west-1:111122223333:certificate/theirs" && one(aws_api_gateway_domain_name.this["this"].endpoint_configuration).types == tolist(["REGIONAL"])
    error_message = "TLS 1.2 at least, with their certificate"
  }
  assert {
    condition     = aws_api_gateway_base_path_mapping.this["this"].base_path == "bridge" && aws_api_gateway_base_path_mapping.this["this"].stage_name == "v1" && aws_api_gateway_base_path_mapping.this["this"].api_id == "api"
    error_message = "it leads to the stage"
  }
  assert {
    condition     = [output.webhook_url, output.genesys_webhook_url, output.environment["DMDESK_PUBLIC_URL"]] == ["https://dm.example.com/bridge/api/social/webhook", "https://dm.example.com/bridge/api/genesys/outbound", "https://dm.example.com/bridge"]
    error_message = "every URL begins with it"
  }
  assert {
    condition     = aws_api_gateway_rest_api.this.disable_execute_api_endpoint && length(aws_acm_certificate.this) + length(aws_route53_record.this) + length(aws_route53_record.proof) == 0
    error_message = "nothing comes in past it, and nothing is made in a zone that is not named"
  }
  assert {
    condition     = output.domain_target == { name = "d-1.execute-api.eu-west-1.amazonaws.com", zone = "ZAPI" }
    error_message = "where its name is to lead"
  }
}

run "a_domain_in_a_zone_of_theirs" {
  variables {
    domain = { name = "dm.example.com", zone_id = "ZTHEIRS" }
  }
  assert {
    condition     = aws_acm_certificate.this["this"].domain_name == "dm.example.com" && aws_acm_certificate.this["this"].validation_method == "DNS" && aws_api_gateway_domain_name.this["this"].regional_certificate_arn == "arn:aws:acm:eu-west-1:111122223333:certificate/made"
    error_message = "a certificate is made, and waited for"
  }
  assert {
    condition     = aws_route53_record.proof["this"].name == "_proof.dm.example.com" && aws_route53_record.proof["this"].zone_id == "ZTHEIRS" && aws_route53_record.this["this"].alias[0].name == "d-1.execute-api.eu-west-1.amazonaws.com"
    error_message = "proved, and led here"
  }
  assert {
    condition     = output.webhook_url == "https://dm.example.com/api/social/webhook" && aws_api_gateway_base_path_mapping.this["this"].base_path == null
    error_message = "without a base path"
  }
}

run "a_domain_that_does_not_lead_here_yet_changes_no_url" {
  variables {
    domain = { name = "dm.example.com", zone_id = "ZTHEIRS", announced = false }
  }
  assert {
    condition     = output.webhook_url == "https://api.execute-api.eu-west-1.amazonaws.com/v1/api/social/webhook" && !aws_api_gateway_rest_api.this.disable_execute_api_endpoint && length(aws_api_gateway_domain_name.this) == 1
    error_message = "made, and not told of"
  }
}

run "former_links_go_on_while_both_addresses_answer" {
  variables {
    domain = { name = "dm.example.com", zone_id = "ZTHEIRS", execute_api = true }
  }
  assert {
    condition     = output.webhook_url == "https://dm.example.com/api/social/webhook" && !aws_api_gateway_rest_api.this.disable_execute_api_endpoint
    error_message = "announced, and the former address answers"
  }
}

run "a_proxy_before_the_domain_is_what_the_urls_name" {
  variables {
    domain     = { name = "dm.example.com", zone_id = "ZTHEIRS" }
    public_url = "https://cdn.example.com"
  }
  assert {
    condition     = output.webhook_url == "https://cdn.example.com/api/social/webhook"
    error_message = "public_url comes first"
  }
}

run "a_domain_without_a_certificate" {
  command = plan
  variables {
    domain = { name = "dm.example.com" }
  }
  expect_failures = [var.domain]
}

run "a_domain_with_two_certificates" {
  command = plan
  variables {
    domain = { name = "dm.example.com", zone_id = "Z", certificate_arn = "arn:aws:acm:eu-west-1:111122223333:certificate/theirs" }
  }
  expect_failures = [var.domain]
}

run "a_domain_that_is_a_url" {
  command = plan
  variables {
    domain = { name = "https://dm.example.com", zone_id = "Z" }
  }
  expect_failures = [var.domain]
}

run "our_web_acl_before_the_api" {
  variables {
    waf = { acl = "own", rate = 500, media_rate = 9000 }
  }
  assert {
    condition     = aws_wafv2_web_acl_association.this[0].web_acl_arn == aws_wafv2_web_acl.own["this"].arn && aws_wafv2_web_acl_association.this[0].resource_arn == aws_api_gateway_stage.this.arn && output.web_acl_arn == aws_wafv2_web_acl.own["this"].arn
    error_message = "before the stage"
  }
  assert {
    condition     = aws_wafv2_web_acl.own["this"].scope == "REGIONAL" && { for rule in aws_wafv2_web_acl.own["this"].rule : rule.name => rule.priority } == { unsigned = 0, too-long = 1, too-long-elsewhere = 2, too-often-files = 3, too-often = 4 }
    error_message = "its rules"
  }
  assert {
    condition     = local.told_unsigned["this"] == tolist(["x-hub-signature-256", "tiktok-signature"])
    error_message = "the headers that some platform signs in"
  }
  assert {
    condition = alltrue([
      for path in ["/v1/api/social/webhook", "/v1/api/genesys/outbound", "/bridge/api/genesys/outbound", "/api/deauthorised/instagram", "/v1/api/deletion/instagram", "/v1/api/media/abc"] :
      can(regex(local.uncounted_paths, path))
      ]) && !anytrue([
      for path in ["/v1/api/health", "/v1/", "/v1/api/social/webhook/x", "/v1/api"] : can(regex(local.uncounted_paths, path))
    ])
    error_message = "what platforms call is counted by no address: ${local.uncounted_paths}"
  }
  assert {
    condition     = !anytrue([for path in ["/v1/api/deauthorised/instagram", "/v1/api/deletion/instagram"] : can(regex(local.webhook_paths, path))])
    error_message = "a callback is signed in its body, not in a header"
  }
  assert {
    condition     = alltrue([for length in ["5000000", "9999999", "10000000", "123456789"] : can(regex(local.too_long, length))]) && !anytrue([for length in ["0", "1000", "4499999", "4999999"] : can(regex(local.too_long, length))])
    error_message = "five million bytes"
  }
  assert {
    condition     = { for rule in aws_wafv2_web_acl.own["this"].rule : rule.name => one(one(rule.statement).rate_based_statement).limit if length(one(rule.statement).rate_based_statement) > 0 } == { too-often-files = 9000, too-often = 500 }
    error_message = "how often"
  }
}

run "an_unsigned_delivery_is_not_told_where_one_signs_in_no_header" {
  variables {
    waf      = { acl = "own" }
    channels = { letters = { title = "Letters", settings = {} } }
    accounts = { acme_lt = { channel = "letters", id = "42" } }
  }
  assert {
    condition     = toset(aws_wafv2_web_acl.own["this"].rule[*].name) == toset(["too-long", "too-long-elsewhere", "too-often-files", "too-often"])
    error_message = "its deliveries would all be refused"
  }
}

run "a_web_acl_of_theirs" {
  variables {
    waf = { acl = "given", arn = "arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/theirs/2" }
  }
  assert {
    condition     = length(aws_wafv2_web_acl.own) == 0 && aws_wafv2_web_acl_association.this[0].web_acl_arn == "arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/theirs/2"
    error_message = "theirs, and none of ours"
  }
}

run "a_web_acl_without_its_arn" {
  command = plan
  variables {
    waf = { acl = "given" }
  }
  expect_failures = [var.waf]
}

run "a_web_acl_of_a_cdn" {
  command = plan
  variables {
    waf = { acl = "given", arn = "arn:aws:wafv2:us-east-1:111122223333:global/webacl/theirs/2" }
  }
  expect_failures = [var.waf]
}

run "a_rate_that_aws_does_not_take" {
  command = plan
  variables {
    waf = { acl = "own", rate = 5 }
  }
  expect_failures = [var.waf]
}

run "only_a_proxy_may_come" {
  variables {
    allowed_addresses = ["203.0.113.0/24", "2001:db8::/32"]
    public_url        = "https://cdn.example.com"
  }
  assert {
    condition = [for one in jsondecode(aws_api_gateway_rest_api_policy.allowed.policy).Statement : "${one.Effect} ${one.Action} ${try(join(",", one.Condition.NotIpAddress["aws:SourceIp"]), "")}"] == [
      "Allow execute-api:Invoke ", "Deny execute-api:Invoke 203.0.113.0/24,2001:db8::/32",
    ]
    error_message = aws_api_gateway_rest_api_policy.allowed.policy
  }
  assert {
    condition     = toset(jsondecode(aws_api_gateway_rest_api_policy.allowed.policy).Statement[*].Resource) == toset(["arn:aws:execute-api:eu-west-1:111122223333:api/*"])
    error_message = "of this API alone"
  }
}

run "without_a_proxy_that_is_warned_of" {
  variables {
    allowed_addresses = ["203.0.113.0/24"]
  }
  expect_failures = [check.platforms_come_through_the_proxy]
}

run "an_address_that_is_none" {
  command = plan
  variables {
    allowed_addresses = ["203.0.113.7"]
    public_url        = "https://cdn.example.com"
  }
  expect_failures = [var.allowed_addresses]
}

run "who_opens_files_is_written_down_where_it_is_asked_for" {
  variables {
    file_access_log = { bucket = "acme-access-logs" }
  }
  assert {
    condition     = aws_s3_bucket_logging.shelf["this"].target_bucket == "acme-access-logs" && aws_s3_bucket_logging.shelf["this"].target_prefix == "dmdesk/"
    error_message = "in their bucket"
  }
}
