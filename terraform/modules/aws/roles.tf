# A role per function, with the calls that its code makes and no other. A call that is added there is added here.
locals {
  bucket_arn = aws_s3_bucket.shelf.arn
  media_arn  = "${local.bucket_arn}/media/*"

  permissions = {
    edge = [
      {
        Sid      = "StoreEvents"
        Action   = ["sqs:SendMessage"]
        Resource = [for queue in local.queues : aws_sqs_queue.main[queue].arn]
      },
      {
        Sid    = "VerifySignatures"
        Action = ["secretsmanager:GetSecretValue"]
        Resource = [
          for secret in concat(local.webhook_secrets, ["media"]) : aws_secretsmanager_secret.this[secret].arn
        ]
      },
      {
        Sid      = "SetAsideAndPark"
        Action   = ["s3:PutObject"]
        Resource = ["${local.bucket_arn}/aside/*", "${local.bucket_arn}/parked/*"]
      },
      {
        # a link is answered by a presigned one, which may do what this role may
        Sid      = "OpenMedia"
        Action   = ["s3:GetObject"]
        Resource = [local.media_arn]
      },
    ]
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
        Sid      = "ReadAccountsAndTakeTurns"
        Action   = ["dynamodb:Query", "dynamodb:UpdateItem"]
        Resource = [aws_dynamodb_table.ledger.arn]
      },
      {
        Sid      = "CountWhatIsParked"
        Action   = ["s3:ListBucket"]
        Resource = [local.bucket_arn]
      },
      {
        # parked events of an account that was added later: read, put onto their queue, and deleted
        Sid      = "BringBackWhatWasParked"
        Action   = ["s3:GetObject", "s3:DeleteObject"]
        Resource = ["${local.bucket_arn}/parked/*"]
      },
      {
        Sid      = "SetAsideWhatIsTooBig"
        Action   = ["s3:PutObject"]
        Resource = ["${local.bucket_arn}/aside/*"]
      },
      {
        Sid      = "PutBack"
        Action   = ["sqs:SendMessage"]
        Resource = [for queue in local.queues : aws_sqs_queue.main[queue].arn]
      },
      {
        Sid    = "ReadTokens"
        Action = ["secretsmanager:GetSecretValue"]
        Resource = [
          for secret in concat(local.channel_secrets, values(local.account_secrets)) : aws_secretsmanager_secret.this[secret].arn
        ]
      },
      {
        Sid      = "RenewTokens"
        Action   = ["secretsmanager:PutSecretValue"]
        Resource = [for secret in values(local.account_secrets) : aws_secretsmanager_secret.this[secret].arn]
      },
    ]
  }

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

resource "aws_iam_role" "function" {
  for_each    = local.functions
  name        = local.function_names[each.key]
  description = "dmdesk: what the function ${each.key} may do"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "function" {
  for_each = local.functions
  name     = "calls"
  role     = aws_iam_role.function[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      for statement in concat(local.permissions[each.key], [{
        Sid      = "WriteLog"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.function[each.key].arn}:*"]
      }]) : merge({ Effect = "Allow" }, statement)
    ]
  })
}
