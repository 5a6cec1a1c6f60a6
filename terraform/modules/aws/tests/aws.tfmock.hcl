# What AWS answers in tests: well-formed where the provider looks at the form.
mock_data "aws_partition" {
  defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
}
mock_resource "aws_iam_role" {
  defaults = { arn = "arn:aws:iam::111122223333:role/mock" }
}
mock_resource "aws_scheduler_schedule" {
  defaults = { arn = "arn:aws:scheduler:eu-west-1:111122223333:schedule/default/mock" }
}
mock_resource "aws_lambda_function" {
  defaults = {
    arn        = "arn:aws:lambda:eu-west-1:111122223333:function:mock"
    invoke_arn = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/mock/invocations"
  }
}
mock_resource "aws_sqs_queue" {
  defaults = {
    arn = "arn:aws:sqs:eu-west-1:111122223333:mock.fifo"
    url = "https://sqs.eu-west-1.amazonaws.com/111122223333/mock.fifo"
  }
}
mock_resource "aws_s3_bucket" {
  defaults = { arn = "arn:aws:s3:::shelf" }
}
mock_resource "aws_dynamodb_table" {
  defaults = { arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/ledger" }
}
mock_resource "aws_secretsmanager_secret" {
  defaults = { arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:mock" }
}
mock_resource "aws_cloudwatch_log_group" {
  defaults = { arn = "arn:aws:logs:eu-west-1:111122223333:log-group:mock" }
}
mock_resource "aws_cloudwatch_metric_alarm" {
  defaults = { arn = "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:mock" }
}
mock_resource "aws_sns_topic" {
  defaults = { arn = "arn:aws:sns:eu-west-1:111122223333:alarms" }
}
mock_resource "aws_kms_key" {
  defaults = { arn = "arn:aws:kms:eu-west-1:111122223333:key/mock", key_id = "mock" }
}
mock_resource "aws_api_gateway_rest_api" {
  defaults = { id = "api", execution_arn = "arn:aws:execute-api:eu-west-1:111122223333:api" }
}
mock_resource "aws_api_gateway_stage" {
  defaults = { arn = "arn:aws:apigateway:eu-west-1::/restapis/api/stages/v1" }
}
mock_resource "aws_wafv2_web_acl" {
  defaults = { arn = "arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/own/1" }
}
mock_resource "aws_acm_certificate" {
  defaults = {
    arn                       = "arn:aws:acm:eu-west-1:111122223333:certificate/made"
    domain_validation_options = [{ domain_name = "dm.example.com", resource_record_name = "_proof.dm.example.com", resource_record_type = "CNAME", resource_record_value = "_x.acm-validations.aws" }]
  }
}
mock_resource "aws_acm_certificate_validation" {
  defaults = { certificate_arn = "arn:aws:acm:eu-west-1:111122223333:certificate/made" }
}
mock_resource "aws_api_gateway_domain_name" {
  defaults = { regional_domain_name = "d-1.execute-api.eu-west-1.amazonaws.com", regional_zone_id = "ZAPI" }
}
