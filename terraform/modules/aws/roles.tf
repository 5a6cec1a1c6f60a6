# A role per function, with the calls that its code makes and no other. A call that is added there is added here.
locals {
  bucket_arn = aws_s3_bucket.shelf.arn
  media_arn  = "${local.bucket_arn}/media/*"

  permissions = {
    edge = concat(local.edge_permissions["inbound"], [
      {
        Sid      = "VerifySignatures"
        Action   = ["secretsmanager:GetSecretValue"]
        Resource = [for secret in concat(local.channel_secrets, ["media"]) : aws_secretsmanager_secret.this[secret].arn]
      },
      {
        # a link is answered by a presigned one, which may do what this role may
        Sid      = "OpenMedia"
        Action   = ["s3:GetObject"]
        Resource = [local.media_arn]
      },
      {
        # requests to delete that platforms pass on, and what has come of them
        Sid      = "TakeRequestsToDelete"
        Action   = ["s3:GetObject", "s3:PutObject"]
        Resource = ["${local.bucket_arn}/erasures/requests/*"]
      },
    ])
    desk_edge = concat(local.edge_permissions["outbound"], [
      for secrets in [local.desk_secrets] : {
        Sid      = "VerifySignatures"
        Action   = ["secretsmanager:GetSecretValue"]
        Resource = [for secret in secrets : aws_secretsmanager_secret.this[secret].arn]
      } if length(secrets) > 0
    ])
    fed = concat(local.edge_permissions["outbound"], [
      {
        # as which the event source mapping polls and deletes
        Sid      = "TakeWhatIsFed"
        Action   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
        Resource = [for queue in aws_sqs_queue.fed : queue.arn]
      },
    ])
    to_desk = concat(local.worker_permissions["inbound"], [
      {
        # to copy what customers upload, and to delete what they take back
        Sid      = "KeepMedia"
        Action   = ["s3:PutObject", "s3:GetObject", "s3:DeleteObject"]
        Resource = [local.media_arn]
      },
      {
        # what led a customer here, once it has been told
        Sid      = "ForgetWhatLedHere"
        Action   = ["dynamodb:DeleteItem"]
        Resource = [aws_dynamodb_table.ledger.arn]
      },
      ], [
      # a mention is shown here, and thanked for on the other road
      for queue in ["outbound"] : { Sid = "AskForThanks", Action = ["sqs:SendMessage"], Resource = [aws_sqs_queue.main[queue].arn] }
      if anytrue([for account in var.accounts : account.thanks])
      ], [
      for secrets in [var.front_secrets] : {
        # with which it asks the companies' own endpoints (docs/front.md); Secrets Manager puts six signs behind a name
        Sid      = "AskBeforeAnAgentIs"
        Action   = ["secretsmanager:GetSecretValue"]
        Resource = [for secret in secrets : startswith(secret, "arn:") ? secret : "arn:${local.partition}:secretsmanager:${local.region}:${local.account_id}:secret:${secret}-??????"]
      } if length(secrets) > 0
      ], [
      for models in [var.models] : {
        # Converse is authorised by this, too, on the model and on the project that the call is counted to.
        # docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-prereq.html
        Sid      = "JudgeMessages"
        Action   = ["bedrock:InvokeModel"]
        Resource = distinct(concat(flatten([for model in models : local.model_arns[model]]), ["arn:${local.partition}:bedrock:*:${local.account_id}:project/*"]))
      } if length(models) > 0
      ], [
      for queue in [aws_sqs_queue.main["outbound"].arn] : {
        # a bot's answers go the way of agents' (docs/front.md)
        Sid      = "AnswerBeforeAnAgentDoes"
        Action   = ["sqs:SendMessage"]
        Resource = [queue]
      } if var.bots
      ], [
      # it alone begins conversations: whoever else calls a desk does so in one that is open (pipeline/lines.py)
      for right in flatten([for desk in var.desks : desk.rights]) : { Sid = right.sid, Action = right.actions, Resource = right.resources }
    ])
    to_customer = concat(local.worker_permissions["outbound"], [
      {
        Sid      = "KeepMedia"
        Action   = ["s3:PutObject", "s3:GetObject"]
        Resource = [local.media_arn]
      },
    ])
    upkeep = [
      {
        # accounts, turns, and what has been done about windows that close
        Sid      = "ReadAccountsAndTakeTurns"
        Action   = ["dynamodb:Query", "dynamodb:UpdateItem", "dynamodb:GetItem", "dynamodb:BatchGetItem"]
        Resource = [aws_dynamodb_table.ledger.arn]
      },
      {
        Sid      = "FindWhoWaits"
        Action   = ["dynamodb:Query"]
        Resource = ["${aws_dynamodb_table.ledger.arn}/index/waiting"]
      },
      {
        # that few messages may still follow, once that has been told
        Sid      = "ForgetWhatWasTold"
        Action   = ["dynamodb:DeleteItem"]
        Resource = [aws_dynamodb_table.ledger.arn]
        Condition = {
          "ForAllValues:StringEquals" = { "dynamodb:LeadingKeys" = ["SPENT"] }
          Null                        = { "dynamodb:LeadingKeys" = "false" } # no key at all is all of none
        }
      },
      {
        Sid      = "WarnSupervisors"
        Action   = ["sns:Publish"]
        Resource = [aws_sns_topic.supervisors.arn]
      },
      {
        # which desks are to be asked whether a conversation goes on, of which conversation, and where it has ended
        Sid      = "FindWhoseDeskIsDue"
        Action   = ["dynamodb:Query"]
        Resource = ["${aws_dynamodb_table.ledger.arn}/index/sitting"]
      },
      {
        # to ask the desk what it holds, and to raise who waits
        Sid      = "CallDesks"
        Action   = ["secretsmanager:GetSecretValue"]
        Resource = [for secret in local.client_secrets : aws_secretsmanager_secret.this[secret].arn]
      },
      {
        Sid      = "CountWhatIsParked"
        Action   = ["s3:ListBucket"]
        Resource = [local.bucket_arn]
      },
      {
        # ends that nobody told, and what no webhook has brought
        Sid      = "BringWhatIsMissing"
        Action   = ["sqs:SendMessage"]
        Resource = [for queue in local.queues : aws_sqs_queue.main[queue].arn]
      },
      {
        Sid      = "SetAside"
        Action   = ["s3:PutObject"]
        Resource = ["${local.bucket_arn}/aside/*"]
      },
      {
        Sid    = "ReadTokens"
        Action = ["secretsmanager:GetSecretValue"]
        Resource = [
          for secret in concat(local.channel_secrets, values(local.account_secrets)) : aws_secretsmanager_secret.this[secret].arn
        ]
      },
      {
        # a customer whose request to delete a platform has passed on: docs/adr/0013-erasure.md
        Sid      = "EraseRows"
        Action   = ["dynamodb:PutItem", "dynamodb:BatchWriteItem"]
        Resource = [aws_dynamodb_table.ledger.arn]
      },
      {
        Sid      = "FindWhatToErase"
        Action   = ["s3:ListBucket", "s3:GetBucketVersioning"]
        Resource = [local.bucket_arn]
      },
      {
        Sid      = "ReadWhatNamesNobody"
        Action   = ["s3:GetObject"]
        Resource = ["${local.bucket_arn}/aside/*", "${local.bucket_arn}/parked/*"]
      },
      {
        Sid      = "EraseFilesAndEvents"
        Action   = ["s3:DeleteObject"]
        Resource = [local.media_arn, "${local.bucket_arn}/aside/*", "${local.bucket_arn}/parked/*"]
      },
      {
        Sid      = "EraseDeadLetters"
        Action   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"]
        Resource = [for queue in local.queues : aws_sqs_queue.dead_letters[queue].arn]
      },
      {
        Sid      = "CertifyErasures"
        Action   = ["s3:GetObject", "s3:PutObject"]
        Resource = ["${local.bucket_arn}/erasures/*"]
      },
      {
        Sid      = "RenewTokens"
        Action   = ["secretsmanager:PutSecretValue"]
        Resource = [for secret in values(local.account_secrets) : aws_secretsmanager_secret.this[secret].arn]
      },
    ]
  }

  # what comes in through either edge is stored
  edge_permissions = {
    for queue in local.queues : queue => [
      {
        Sid      = "StoreEvents"
        Action   = ["sqs:SendMessage"]
        Resource = [aws_sqs_queue.main[queue].arn]
      },
      {
        Sid      = "SetAsideAndPark"
        Action   = ["s3:PutObject"]
        Resource = ["${local.bucket_arn}/aside/*", "${local.bucket_arn}/parked/*"]
      },
    ]
  }

  # Accounts are Terraform's to write: whoever could change one's row could lead its customers to another desk. A denial
  # holds whatever is allowed beside it, and a single key among a batch's is enough for it. Transactions and batches are
  # judged by these actions too. docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
  denied = [
    {
      Sid    = "AccountsAreTerraforms"
      Effect = "Deny"
      Action = [
        "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem",
        "dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate", "dynamodb:PartiQLDelete",
      ]
      Resource  = [aws_dynamodb_table.ledger.arn]
      Condition = { "ForAnyValue:StringEquals" = { "dynamodb:LeadingKeys" = ["ACCOUNT"] } }
    },
  ]

  # what pipeline/batch.py and the ledger need, on whichever queue
  worker_permissions = {
    for queue in local.queues : queue => [
      {
        # the event source mapping polls and deletes as this role; the code postpones
        Sid      = "WorkQueue"
        Action   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility"]
        Resource = [aws_sqs_queue.main[queue].arn]
      },
      {
        # back onto its own queue as work of its own (a receipt, an event put back), or to its dead letters
        Sid      = "PutBackOrBury"
        Action   = ["sqs:SendMessage"]
        Resource = [aws_sqs_queue.main[queue].arn, aws_sqs_queue.dead_letters[queue].arn]
      },
      {
        Sid      = "KeepLedger"
        Action   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:Query"]
        Resource = [aws_dynamodb_table.ledger.arn]
      },
      {
        Sid      = "FetchAside"
        Action   = ["s3:GetObject"]
        Resource = ["${local.bucket_arn}/aside/*"]
      },
      {
        Sid      = "Park"
        Action   = ["s3:PutObject"]
        Resource = ["${local.bucket_arn}/parked/*"]
      },
      {
        # both call Genesys and the platforms (profiles and media on the way in), and sign links to media
        Sid    = "CallGenesysAndPlatforms"
        Action = ["secretsmanager:GetSecretValue"]
        Resource = [
          for secret in concat(local.client_secrets, ["media"], values(local.account_secrets)) : aws_secretsmanager_secret.this[secret].arn
        ]
      },
    ]
  }
}

locals {
  # An inference profile leads on to the model of its name's end, in several regions; of an application's own profile the
  # name tells no model. docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-use.html
  led_to = {
    for model in var.models : model => strcontains(model, ":application-inference-profile/") ? "*" :
    try(regex("(?:^|:inference-profile/)(?:us-gov|us|eu|apac|jp|au|ca|global)\\.(.+)$", model)[0], "")
  }
  model_arns = {
    for model, led_to in local.led_to : model => concat(
      [startswith(model, "arn:") ? model : led_to == "" ? "arn:${local.partition}:bedrock:*::foundation-model/${model}" : "arn:${local.partition}:bedrock:*:${local.account_id}:inference-profile/${model}"],
      [for name in [led_to] : "arn:${local.partition}:bedrock:*::foundation-model/${name}" if name != ""],
    )
  }
}

locals {
  # Who may take a role: AWS's service, for this account and no other. Not every service is known to tell for whom it
  # asks; one that does not is let in as before. docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
  trust = {
    for service in ["lambda", "apigateway"] : service => jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Effect    = "Allow"
        Principal = { Service = "${service}.amazonaws.com" }
        Action    = "sts:AssumeRole"
        Condition = { StringEqualsIfExists = { "aws:SourceAccount" = local.account_id } }
      }]
    })
  }

  # In a VPC Lambda itself makes the network interfaces, in the role's name; the function's code may not.
  # docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
  interfaces = ["ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:DeleteNetworkInterface", "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"]
  network_permissions = {
    for role, name in local.function_names : role => [
      for statement in [
        { Sid = "JoinVpc", Effect = "Allow", Action = local.interfaces, Resource = ["*"] },
        {
          Sid      = "CodeStaysOutOfVpc"
          Effect   = "Deny"
          Action   = local.interfaces
          Resource = ["*"]
          Condition = {
            ArnEquals = { "lambda:SourceFunctionArn" = "arn:${local.partition}:lambda:${local.region}:${local.account_id}:function:${name}" }
          }
        },
      ] : statement if var.vpc != null
    ]
  }
}

resource "aws_iam_role" "function" {
  for_each             = local.functions
  name                 = local.function_names[each.key]
  path                 = var.role_path
  permissions_boundary = var.role_permissions_boundary
  description          = "dmdesk: what the function ${each.key} may do"
  assume_role_policy   = local.trust["lambda"]
  tags                 = var.tags
}

resource "aws_iam_role_policy" "function" {
  for_each = local.functions
  name     = "calls"
  role     = aws_iam_role.function[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      for statement in concat(local.permissions[each.key], local.key_permissions[each.key], local.network_permissions[each.key], [{
        Sid      = "WriteLog"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.function[each.key].arn}:*"]
      }], local.denied) : merge({ Effect = "Allow" }, statement)
    ]
  })
}
