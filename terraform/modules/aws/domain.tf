# A name of one's own for the API, with TLS 1.2 at least, and who may reach it at all.
locals {
  domain = var.domain == null ? {} : { this = var.domain }
  # made here, where a zone is given to prove the name in
  certified = { for key, domain in local.domain : key => domain if domain.zone_id != null }
  # the URLs begin with it
  announced  = { for key, domain in local.domain : key => domain if domain.announced }
  domain_url = one([for domain in values(local.announced) : join("/", compact(["https://${domain.name}", domain.base_path]))])
  # nothing comes in by the API's own address any more
  domain_alone = anytrue([for domain in values(local.announced) : !domain.execute_api])
  # all of the API, as its policy names it; put together here, as `execution_arn` lacks the account where the provider
  # was told not to ask for it
  invoked = "arn:${data.aws_partition.current.partition}:execute-api:${local.region}:${local.account_id}:${aws_api_gateway_rest_api.this.id}/*"
}

resource "aws_acm_certificate" "this" {
  for_each          = local.certified
  domain_name       = each.value.name
  validation_method = "DNS"
  tags              = var.tags
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_route53_record" "proof" {
  for_each        = local.certified
  zone_id         = each.value.zone_id
  name            = one(aws_acm_certificate.this[each.key].domain_validation_options).resource_record_name
  type            = one(aws_acm_certificate.this[each.key].domain_validation_options).resource_record_type
  records         = [one(aws_acm_certificate.this[each.key].domain_validation_options).resource_record_value]
  ttl             = 300
  allow_overwrite = true # another bridge under the same name, in another region, proves it by the same record
}

resource "aws_acm_certificate_validation" "this" {
  for_each                = local.certified
  certificate_arn         = aws_acm_certificate.this[each.key].arn
  validation_record_fqdns = [aws_route53_record.proof[each.key].fqdn]
}

# Meta, TikTok, X and Genesys Cloud all speak TLS 1.2; whether all speak 1.3 is told nowhere.
# docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-custom-domain-tls-version.html
resource "aws_api_gateway_domain_name" "this" {
  for_each                 = local.domain
  domain_name              = each.value.name
  regional_certificate_arn = each.value.zone_id == null ? each.value.certificate_arn : aws_acm_certificate_validation.this[each.key].certificate_arn
  security_policy          = "TLS_1_2"
  tags                     = var.tags
  endpoint_configuration {
    types = ["REGIONAL"]
  }
}

resource "aws_api_gateway_base_path_mapping" "this" {
  for_each    = local.domain
  domain_name = aws_api_gateway_domain_name.this[each.key].domain_name
  api_id      = aws_api_gateway_rest_api.this.id
  stage_name  = aws_api_gateway_stage.this.stage_name
  base_path   = each.value.base_path == "" ? null : each.value.base_path
}

resource "aws_route53_record" "this" {
  for_each = local.certified
  zone_id  = each.value.zone_id
  name     = each.value.name
  type     = "A"
  alias {
    name                   = aws_api_gateway_domain_name.this[each.key].regional_domain_name
    zone_id                = aws_api_gateway_domain_name.this[each.key].regional_zone_id
    evaluate_target_health = false
  }
}

# It takes effect with a deployment, so it is among that one's triggers. It is there where nobody is shut out, too:
# Terraform takes away what a deployment depends on only after the next one is made, which would still have it.
resource "aws_api_gateway_rest_api_policy" "allowed" {
  rest_api_id = aws_api_gateway_rest_api.this.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "Anybody"
        Effect    = "Allow"
        Principal = "*"
        Action    = "execute-api:Invoke"
        Resource  = local.invoked
      }],
      [for addresses in [var.allowed_addresses] : {
        Sid       = "FromTheseAddresses"
        Effect    = "Deny"
        Principal = "*"
        Action    = "execute-api:Invoke"
        Resource  = local.invoked
        Condition = { NotIpAddress = { "aws:SourceIp" = addresses } }
      } if length(addresses) > 0],
    )
  })
}

check "platforms_come_through_the_proxy" {
  assert {
    condition     = length(var.allowed_addresses) == 0 || var.public_url != null
    error_message = "allowed_addresses is set and public_url is not: Meta, TikTok, X and Genesys Cloud are given the API's own address and come from addresses that none of them tells. Unless all of those are in the list, nothing arrives. Set public_url to the proxy that they deliver to."
  }
}
