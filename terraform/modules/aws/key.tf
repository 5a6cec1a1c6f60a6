# One key for all that is kept, where the company wants one of its own.
locals {
  makes_key = try(var.kms_key.create, false)
  # null: AWS's own keys
  key_arn = local.makes_key ? one(aws_kms_key.this[*].arn) : try(var.kms_key.arn, null)

  # What a role does → what it needs of the key for it. Services ask KMS in the role's name, so what the role may do with
  # the key follows from what else it may do. (Lambda has a grant of its own for the environment.)
  key_needs = {
    # docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
    "sqs:SendMessage"    = ["kms:GenerateDataKey", "kms:Decrypt"]
    "sqs:ReceiveMessage" = ["kms:Decrypt"]
    # docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html; Decrypt on the way in is for uploads in parts
    "s3:PutObject" = ["kms:GenerateDataKey"]
    "s3:GetObject" = ["kms:Decrypt"]
    # docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
    "secretsmanager:GetSecretValue" = ["kms:Decrypt"]
    "secretsmanager:PutSecretValue" = ["kms:GenerateDataKey", "kms:Decrypt"]
    # docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    "sns:Publish" = ["kms:GenerateDataKey", "kms:Decrypt"]
    # docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html; whoever makes the table also
    # creates the grant that DynamoDB keeps
    dynamodb = ["kms:DescribeKey", "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
  }

  # role → service → what it needs of the key by that service
  key_uses = {
    for role, statements in local.permissions : role => {
      for service in distinct([for action in flatten(statements[*].Action) : split(":", action)[0]]) : service => sort(distinct(flatten([
        for action in flatten(statements[*].Action) : lookup(local.key_needs, action, lookup(local.key_needs, service, []))
        if startswith(action, "${service}:")
      ])))
    }
  }
  key_permissions = {
    for role, uses in local.key_uses : role => [
      for service, actions in uses : {
        Sid       = "KeyBy${title(service)}"
        Action    = actions
        Resource  = [local.key_arn]
        Condition = { StringEquals = { "kms:ViaService" = "${service}.${local.region}.${data.aws_partition.current.dns_suffix}" } }
      } if length(actions) > 0 && var.kms_key != null
    ]
  }
}

resource "aws_kms_key" "this" {
  count                   = local.makes_key ? 1 : 0
  description             = "dmdesk ${var.name}: what it keeps"
  enable_key_rotation     = true
  rotation_period_in_days = var.kms_key.rotation_days
  deletion_window_in_days = var.kms_key.deletion_days
  tags                    = var.tags
}

# Apart from the key, so that what is made with the key may tell which account this is.
resource "aws_kms_key_policy" "this" {
  count  = local.makes_key ? 1 : 0
  key_id = aws_kms_key.this[0].key_id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        # the roles', the operators' and the administrators' policies of this account decide; without this nobody could
        # ever change the key again
        Sid       = "PoliciesOfThisAccount"
        Effect    = "Allow"
        Principal = { AWS = "arn:${local.partition}:iam::${local.account_id}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        # docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
        Sid       = "Logs"
        Effect    = "Allow"
        Principal = { Service = "logs.${local.region}.${data.aws_partition.current.dns_suffix}" }
        Action    = ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"]
        Resource  = "*"
        Condition = {
          ArnEquals = {
            "kms:EncryptionContext:aws:logs:arn" = [
              for group in values(local.log_groups) : "arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group:${group}"
            ]
          }
        }
      },
      {
        # or alarms fall silent: docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
        Sid       = "Alarms"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceAccount" = local.account_id } }
      },
      ], [
      # the topic that a desk publishes to, and SNS to its queue
      for services in [[for feeder in local.fed : feeder.service]] : {
        Sid       = "Feeders"
        Effect    = "Allow"
        Principal = { Service = concat(["sns.${data.aws_partition.current.dns_suffix}"], services) }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceAccount" = local.account_id } }
      } if length(services) > 0
    ])
  })
}

resource "aws_kms_alias" "this" {
  count         = local.makes_key ? 1 : 0
  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.this[0].key_id
}

output "key_arn" {
  description = "The key; null where it is AWS's own."
  value       = local.key_arn
}
