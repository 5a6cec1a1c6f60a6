# Who may do what, to the letter: one line per (role, action, resource).
mock_provider "aws" {
  source = "./tests"
  override_resource {
    target = aws_sqs_queue.main["inbound"]
    values = { arn = "arn:aws:sqs:::inbound" }
  }
  override_resource {
    target = aws_sqs_queue.main["outbound"]
    values = { arn = "arn:aws:sqs:::outbound" }
  }
  override_resource {
    target = aws_sqs_queue.dead_letters["inbound"]
    values = { arn = "arn:aws:sqs:::inbound-dead" }
  }
  override_resource {
    target = aws_sqs_queue.dead_letters["outbound"]
    values = { arn = "arn:aws:sqs:::outbound-dead" }
  }
  override_resource {
    target = aws_secretsmanager_secret.this["instagram"]
    values = { arn = "arn:aws:secretsmanager:::instagram" }
  }
  override_resource {
    target = aws_secretsmanager_secret.this["tiktok"]
    values = { arn = "arn:aws:secretsmanager:::tiktok" }
  }
  override_resource {
    target = aws_secretsmanager_secret.this["genesys-webhook"]
    values = { arn = "arn:aws:secretsmanager:::genesys-webhook" }
  }
  override_resource {
    target = aws_secretsmanager_secret.this["genesys-oauth"]
    values = { arn = "arn:aws:secretsmanager:::genesys-oauth" }
  }
  override_resource {
    target = aws_secretsmanager_secret.this["media"]
    values = { arn = "arn:aws:secretsmanager:::media" }
  }
  override_resource {
    target = aws_secretsmanager_secret.this["account/acme_ig"]
    values = { arn = "arn:aws:secretsmanager:::account/acme_ig" }
  }
  override_resource {
    target = aws_cloudwatch_log_group.function["edge"]
    values = { arn = "arn:aws:logs:::edge" }
  }
  override_resource {
    target = aws_cloudwatch_log_group.function["desk_edge"]
    values = { arn = "arn:aws:logs:::desk_edge" }
  }
  override_resource {
    target = aws_cloudwatch_log_group.function["to_desk"]
    values = { arn = "arn:aws:logs:::to_desk" }
  }
  override_resource {
    target = aws_cloudwatch_log_group.function["to_customer"]
    values = { arn = "arn:aws:logs:::to_customer" }
  }
  override_resource {
    target = aws_cloudwatch_log_group.function["upkeep"]
    values = { arn = "arn:aws:logs:::upkeep" }
  }
  override_resource {
    target = aws_sns_topic.supervisors
    values = { arn = "arn:aws:sns:eu-west-1:111122223333:supervisors" }
  }
  override_resource {
    target = aws_lambda_function.role["upkeep"]
    values = { arn = "arn:aws:lambda:eu-west-1:111122223333:function:upkeep" }
  }
}

variables {
  secrets  = {} # terraform test takes no default of an ephemeral variable
  package  = "../../tests/fixtures/dmdesk.zip"
  accounts = { acme_ig = { channel = "instagram", id = "17841400000000001" } }
  channels = {
    instagram = { title = "Instagram", settings = { instagram_graph = "https://graph.instagram.com" } }
    tiktok    = { title = "TikTok", settings = { tiktok_api = "https://business-api.tiktok.com" } }
  }
  desks = {
    genesys = {
      title           = "Genesys Cloud"
      webhook         = "/api/genesys/outbound"
      webhook_secrets = ["genesys-webhook"]
      client_secrets  = ["genesys-oauth"]
      settings        = { genesys_api = "https://api.mypurecloud.ie" }
    }
  }
}

run "each_role_may_do_what_its_code_does_and_nothing_else" {
  assert {
    condition = toset(flatten([
      for one in jsondecode(aws_iam_role_policy.function["edge"].policy).Statement :
      [for pair in setproduct(one.Action, one.Resource) : "${one.Effect} ${pair[0]} ${pair[1]}"]
      ])) == toset([
      "Allow sqs:SendMessage arn:aws:sqs:::inbound",
      "Allow secretsmanager:GetSecretValue arn:aws:secretsmanager:::instagram",
      "Allow secretsmanager:GetSecretValue arn:aws:secretsmanager:::tiktok",
      "Allow secretsmanager:GetSecretValue arn:aws:secretsmanager:::media",
      "Allow s3:GetObject arn:aws:s3:::shelf/media/*",
      "Allow s3:PutObject arn:aws:s3:::shelf/aside/*",
      "Allow s3:PutObject arn:aws:s3:::shelf/parked/*",
      "Allow s3:GetObject arn:aws:s3:::shelf/erasures/requests/*",
      "Allow s3:PutObject arn:aws:s3:::shelf/erasures/requests/*",
      "Allow logs:CreateLogStream arn:aws:logs:::edge:*",
      "Allow logs:PutLogEvents arn:aws:logs:::edge:*",
      "Deny dynamodb:PutItem arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Deny dynamodb:UpdateItem arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Deny dynamodb:DeleteItem arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Deny dynamodb:BatchWriteItem arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Deny dynamodb:PartiQLInsert arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Deny dynamodb:PartiQLUpdate arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Deny dynamodb:PartiQLDelete arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
    ])
    error_message = "edge: ${aws_iam_role_policy.function["edge"].policy}"
  }
  assert {
    condition = toset(flatten([
      for one in jsondecode(aws_iam_role_policy.function["desk_edge"].policy).Statement :
      [for pair in setproduct(one.Action, one.Resource) : "${one.Effect} ${pair[0]} ${pair[1]}"]
      ])) == toset([
      "Allow sqs:SendMessage arn:aws:sqs:::outbound",
      "Allow secretsmanager:GetSecretValue arn:aws:secretsmanager:::genesys-webhook",
      "Allow s3:PutObject arn:aws:s3:::shelf/aside/*",
      "Allow s3:PutObject arn:aws:s3:::shelf/parked/*",
      "Allow logs:CreateLogStream arn:aws:logs:::desk_edge:*",
      "Allow logs:PutLogEvents arn:aws:logs:::desk_edge:*",
      "Deny dynamodb:PutItem arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Deny dynamodb:UpdateItem arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Deny dynamodb:DeleteItem arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Deny dynamodb:BatchWriteItem arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Deny dynamodb:PartiQLInsert arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Deny dynamodb:PartiQLUpdate arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Deny dynamodb:PartiQLDelete arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
    ])
    error_message = "desk_edge: ${aws_iam_role_policy.function["desk_edge"].policy}"
  }
  assert {
    condition = toset(flatten([
      for one in jsondecode(aws_iam_role_policy.function["to_desk"].policy).Statement :
      [for pair in setproduct(one.Action, one.Resource) : "${one.Effect} ${pair[0]} ${pair[1]}"]
      ])) == toset([
      "Allow sqs:ReceiveMessage arn:aws:sqs:::inbound",
      "Allow sqs:DeleteMessage arn:aws:sqs:::inbound",
      "Allow sqs:GetQueueAttributes arn:aws:sqs:::inbound",
      "Allow sqs:ChangeMessageVisibility arn:aws:sqs:::inbound",
      "Allow sqs:SendMessage arn:aws:sqs:::inbound",
      "Allow sqs:SendMessage arn:aws:sqs:::inbound-dead",
      "Allow dynamodb:GetItem arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Allow dynamodb:PutItem arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Allow dynamodb:UpdateItem arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Allow dynamodb:DeleteItem arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Allow dynamodb:Query arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Allow s3:GetObject arn:aws:s3:::shelf/aside/*",
      "Allow s3:PutObject arn:aws:s3:::shelf/parked/*",
      "Allow s3:PutObject arn:aws:s3:::shelf/media/*",
      "Allow s3:GetObject arn:aws:s3:::shelf/media/*",
      "Allow s3:DeleteObject arn:aws:s3:::shelf/media/*",
      "Allow secretsmanager:GetSecretValue arn:aws:secretsmanager:::genesys-oauth",
      "Allow secretsmanager:GetSecretValue arn:aws:secretsmanager:::media",
      "Allow secretsmanager:GetSecretValue arn:aws:secretsmanager:::account/acme_ig",
      "Allow logs:CreateLogStream arn:aws:logs:::to_desk:*",
      "Allow logs:PutLogEvents arn:aws:logs:::to_desk:*",
      "Deny dynamodb:PutItem arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Deny dynamodb:UpdateItem arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Deny dynamodb:DeleteItem arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Deny dynamodb:BatchWriteItem arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Deny dynamodb:PartiQLInsert arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Deny dynamodb:PartiQLUpdate arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Deny dynamodb:PartiQLDelete arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
    ])
    error_message = "to_desk: ${aws_iam_role_policy.function["to_desk"].policy}"
  }
  assert {
    condition = toset(flatten([
      for one in jsondecode(aws_iam_role_policy.function["to_customer"].policy).Statement :
      [for pair in setproduct(one.Action, one.Resource) : "${one.Effect} ${pair[0]} ${pair[1]}"]
      ])) == toset([
      "Allow sqs:ReceiveMessage arn:aws:sqs:::outbound",
      "Allow sqs:DeleteMessage arn:aws:sqs:::outbound",
      "Allow sqs:GetQueueAttributes arn:aws:sqs:::outbound",
      "Allow sqs:ChangeMessageVisibility arn:aws:sqs:::outbound",
      "Allow sqs:SendMessage arn:aws:sqs:::outbound",
      "Allow sqs:SendMessage arn:aws:sqs:::outbound-dead",
      "Allow dynamodb:GetItem arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Allow dynamodb:PutItem arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Allow dynamodb:UpdateItem arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Allow dynamodb:Query arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Allow s3:GetObject arn:aws:s3:::shelf/aside/*",
      "Allow s3:PutObject arn:aws:s3:::shelf/parked/*",
      "Allow s3:PutObject arn:aws:s3:::shelf/media/*",
      "Allow s3:GetObject arn:aws:s3:::shelf/media/*",
      "Allow secretsmanager:GetSecretValue arn:aws:secretsmanager:::genesys-oauth",
      "Allow secretsmanager:GetSecretValue arn:aws:secretsmanager:::media",
      "Allow secretsmanager:GetSecretValue arn:aws:secretsmanager:::account/acme_ig",
      "Allow logs:CreateLogStream arn:aws:logs:::to_customer:*",
      "Allow logs:PutLogEvents arn:aws:logs:::to_customer:*",
      "Deny dynamodb:PutItem arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Deny dynamodb:UpdateItem arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Deny dynamodb:DeleteItem arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Deny dynamodb:BatchWriteItem arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Deny dynamodb:PartiQLInsert arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Deny dynamodb:PartiQLUpdate arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Deny dynamodb:PartiQLDelete arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
    ])
    error_message = "to_customer: ${aws_iam_role_policy.function["to_customer"].policy}"
  }
  assert {
    condition = toset(flatten([
      for one in jsondecode(aws_iam_role_policy.function["upkeep"].policy).Statement :
      [for pair in setproduct(one.Action, one.Resource) : "${one.Effect} ${pair[0]} ${pair[1]}"]
      ])) == toset([
      "Allow dynamodb:Query arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Allow dynamodb:UpdateItem arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Allow dynamodb:GetItem arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Allow dynamodb:BatchGetItem arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Allow dynamodb:DeleteItem arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Allow dynamodb:Query arn:aws:dynamodb:eu-west-1:111122223333:table/ledger/index/waiting",
      "Allow sns:Publish arn:aws:sns:eu-west-1:111122223333:supervisors",
      "Allow secretsmanager:GetSecretValue arn:aws:secretsmanager:::genesys-oauth",
      "Allow dynamodb:PutItem arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Allow dynamodb:BatchWriteItem arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Allow dynamodb:Query arn:aws:dynamodb:eu-west-1:111122223333:table/ledger/index/sitting",
      "Allow sqs:SendMessage arn:aws:sqs:::outbound",
      "Allow s3:ListBucket arn:aws:s3:::shelf",
      "Allow s3:GetBucketVersioning arn:aws:s3:::shelf",
      "Allow s3:GetObject arn:aws:s3:::shelf/aside/*",
      "Allow s3:GetObject arn:aws:s3:::shelf/parked/*",
      "Allow s3:DeleteObject arn:aws:s3:::shelf/media/*",
      "Allow s3:DeleteObject arn:aws:s3:::shelf/aside/*",
      "Allow s3:DeleteObject arn:aws:s3:::shelf/parked/*",
      "Allow sqs:ReceiveMessage arn:aws:sqs:::inbound-dead",
      "Allow sqs:DeleteMessage arn:aws:sqs:::inbound-dead",
      "Allow sqs:ChangeMessageVisibility arn:aws:sqs:::inbound-dead",
      "Allow sqs:GetQueueAttributes arn:aws:sqs:::inbound-dead",
      "Allow sqs:ReceiveMessage arn:aws:sqs:::outbound-dead",
      "Allow sqs:DeleteMessage arn:aws:sqs:::outbound-dead",
      "Allow sqs:ChangeMessageVisibility arn:aws:sqs:::outbound-dead",
      "Allow sqs:GetQueueAttributes arn:aws:sqs:::outbound-dead",
      "Allow s3:GetObject arn:aws:s3:::shelf/erasures/*",
      "Allow s3:PutObject arn:aws:s3:::shelf/erasures/*",
      "Allow sqs:SendMessage arn:aws:sqs:::inbound",
      "Allow s3:PutObject arn:aws:s3:::shelf/aside/*",
      "Allow secretsmanager:GetSecretValue arn:aws:secretsmanager:::instagram",
      "Allow secretsmanager:GetSecretValue arn:aws:secretsmanager:::tiktok",
      "Allow secretsmanager:GetSecretValue arn:aws:secretsmanager:::account/acme_ig",
      "Allow secretsmanager:PutSecretValue arn:aws:secretsmanager:::account/acme_ig",
      "Allow logs:CreateLogStream arn:aws:logs:::upkeep:*",
      "Allow logs:PutLogEvents arn:aws:logs:::upkeep:*",
      "Deny dynamodb:PutItem arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Deny dynamodb:UpdateItem arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Deny dynamodb:DeleteItem arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Deny dynamodb:BatchWriteItem arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Deny dynamodb:PartiQLInsert arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Deny dynamodb:PartiQLUpdate arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
      "Deny dynamodb:PartiQLDelete arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
    ])
    error_message = "upkeep: ${aws_iam_role_policy.function["upkeep"].policy}"
  }
  assert {
    condition = alltrue([
      for one in aws_iam_role_policy.function : [
        for statement in jsondecode(one.policy).Statement : statement.Condition if statement.Effect == "Deny"
      ] == [{ "ForAnyValue:StringEquals" = { "dynamodb:LeadingKeys" = ["ACCOUNT"] } }]
    ])
    error_message = "no function writes an account"
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.schedule.policy).Statement == [{ Sid = "StartUpkeep", Effect = "Allow", Action = ["lambda:InvokeFunction"], Resource = ["arn:aws:lambda:eu-west-1:111122223333:function:upkeep"] }]
    error_message = "the schedule: ${aws_iam_role_policy.schedule.policy}"
  }
  assert {
    condition     = jsondecode(aws_iam_role.schedule.assume_role_policy).Statement == [{ Effect = "Allow", Principal = { Service = "scheduler.amazonaws.com" }, Action = "sts:AssumeRole", Condition = { StringEquals = { "aws:SourceAccount" = "111122223333" } } }]
    error_message = "only this account's schedules may take the schedule's role"
  }
  assert {
    condition     = alltrue([for one in aws_iam_role.function : jsondecode(one.assume_role_policy).Statement == [{ Effect = "Allow", Principal = { Service = "lambda.amazonaws.com" }, Action = "sts:AssumeRole", Condition = { StringEqualsIfExists = { "aws:SourceAccount" = "111122223333" } } }]])
    error_message = "only Lambda may take a function's role, and for no other account"
  }
}

run "who_thanks_reaches_the_other_queue_by_one_right" {
  variables {
    accounts = { acme_ig = { channel = "instagram", id = "17841400000000001", thanks = true } }
  }
  assert {
    condition = [
      for one in jsondecode(aws_iam_role_policy.function["to_desk"].policy).Statement : one
      if contains(one.Resource, "arn:aws:sqs:::outbound")
    ] == [{ Sid = "AskForThanks", Effect = "Allow", Action = ["sqs:SendMessage"], Resource = ["arn:aws:sqs:::outbound"] }]
    error_message = "to_desk: ${aws_iam_role_policy.function["to_desk"].policy}"
  }
}

run "who_is_asked_before_an_agent_is_only_the_inbound_worker_may_ask" {
  variables {
    front_secrets = ["front/crm", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:sort-AbCdEf"]
    models        = ["amazon.nova-micro-v1:0", "eu.amazon.nova-lite-v1:0", "arn:aws:bedrock:eu-west-1:111122223333:application-inference-profile/abc"]
  }
  assert {
    condition = {
      for role, one in aws_iam_role_policy.function : role => {
        for statement in jsondecode(one.policy).Statement : statement.Sid => { action = statement.Action, resource = statement.Resource }
        if contains(["AskBeforeAnAgentIs", "JudgeMessages"], statement.Sid)
      } if strcontains(one.policy, "bedrock") || strcontains(one.policy, "front/crm")
      } == {
      to_desk = {
        AskBeforeAnAgentIs = {
          action = ["secretsmanager:GetSecretValue"]
          resource = [
            "arn:aws:secretsmanager:eu-west-1:111122223333:secret:front/crm-??????",
            "arn:aws:secretsmanager:eu-west-1:111122223333:secret:sort-AbCdEf",
          ]
        }
        JudgeMessages = {
          action = ["bedrock:InvokeModel"]
          resource = [
            "arn:aws:bedrock:*::foundation-model/amazon.nova-micro-v1:0",
            "arn:aws:bedrock:*:111122223333:inference-profile/eu.amazon.nova-lite-v1:0",
            "arn:aws:bedrock:*::foundation-model/amazon.nova-lite-v1:0",
            "arn:aws:bedrock:eu-west-1:111122223333:application-inference-profile/abc",
            "arn:aws:bedrock:*::foundation-model/*",
            "arn:aws:bedrock:*:111122223333:project/*",
          ]
        }
      }
    }
    error_message = aws_iam_role_policy.function["to_desk"].policy
  }
}

run "only_where_an_account_has_a_bot_the_inbound_worker_may_answer" {
  variables {
    bots = true
  }
  assert {
    condition = {
      for role, one in aws_iam_role_policy.function : role => [
        for statement in jsondecode(one.policy).Statement : [statement.Action, statement.Resource] if statement.Sid == "AnswerBeforeAnAgentDoes"
      ] if strcontains(one.policy, "AnswerBeforeAnAgentDoes")
    } == { to_desk = [[["sqs:SendMessage"], [aws_sqs_queue.main["outbound"].arn]]] }
    error_message = aws_iam_role_policy.function["to_desk"].policy
  }
}
