output "arns" {
  description = "The ARN of everything that another policy, or another module, may have to name: functions, roles, log groups, queues, dead-letter queues, table, bucket, topics, secrets, key (null: AWS's own), API, stage, schedule."
  value = {
    functions    = { for role, one in aws_lambda_function.role : role => one.arn }
    roles        = merge({ for role, one in aws_iam_role.function : role => one.arn }, { schedule = aws_iam_role.schedule.arn })
    log_groups   = merge({ for role, one in aws_cloudwatch_log_group.function : role => one.arn }, { api = aws_cloudwatch_log_group.api.arn })
    queues       = merge({ for key, one in aws_sqs_queue.main : key => one.arn }, { for desk, one in aws_sqs_queue.fed : "from-${desk}" => one.arn })
    dead_letters = merge({ for key, one in aws_sqs_queue.dead_letters : key => one.arn }, { for desk, one in aws_sqs_queue.fed_dead_letters : "from-${desk}" => one.arn })
    table        = aws_dynamodb_table.ledger.arn
    bucket       = aws_s3_bucket.shelf.arn
    topics       = { alarms = local.alarm_topic, supervisors = aws_sns_topic.supervisors.arn }
    secrets      = { for name, one in aws_secretsmanager_secret.this : name => one.arn }
    key          = local.key_arn
    api          = aws_api_gateway_rest_api.this.arn
    stage        = aws_api_gateway_stage.this.arn
    schedule     = aws_scheduler_schedule.upkeep.arn
  }
}
