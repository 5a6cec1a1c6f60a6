# What Amazon Connect needs of AWS: the topic that it streams chats to, the flows that they enter, where it keeps them.
# What is given as being there already is not made.
locals {
  # an ARN ends in the id; an id is its own
  instance_id = reverse(split("/", var.connect.instance))[0]
  topic       = var.connect.topic == null ? one(aws_sns_topic.this[*].arn) : var.connect.topic
  # as the topic's ARN has them, arn:<partition>:sns:<region>:<account>:<name>: an instance streams within its region
  partition    = split(":", local.topic)[1]
  region       = split(":", local.topic)[3]
  account_id   = split(":", local.topic)[4]
  instance_arn = startswith(var.connect.instance, "arn:") ? var.connect.instance : "arn:${local.partition}:connect:${local.region}:${local.account_id}:instance/${local.instance_id}"

  # What customers say and do themselves wakes no function, but what became of a file of theirs. A filter passes only what
  # has every attribute that it names, and the end of a chat has no role.
  # docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
  filter = {
    MessageVisibility = ["CUSTOMER", "ALL", { exists = false }]
    "$or" = [
      { ParticipantRole = [{ "anything-but" = ["CUSTOMER"] }, { exists = false }] },
      { Type = ["ATTACHMENT"] },
    ]
  }
}

# Amazon Connect cannot publish through AWS's own SNS key: without one of the company's there is none.
resource "aws_sns_topic" "this" {
  #checkov:skip=CKV_AWS_26:var.key_arn encrypts it where there is one; Amazon Connect cannot publish through AWS's own SNS key
  count             = var.connect.topic == null ? 1 : 0
  name              = "${var.name}-connect"
  kms_master_key_id = var.key_arn
  tags              = var.tags
}

resource "aws_sns_topic_policy" "this" {
  count = length(aws_sns_topic.this)
  arn   = aws_sns_topic.this[0].arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # docs.aws.amazon.com/connect/latest/adminguide/chat-message-streaming.html
        Sid       = "Chats"
        Effect    = "Allow"
        Principal = { Service = "connect.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.this[0].arn
        Condition = {
          StringEquals = { "aws:SourceAccount" = local.account_id }
          ArnEquals    = { "aws:SourceArn" = local.instance_arn }
        }
      },
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = ["sns:Publish", "sns:Subscribe", "sns:GetTopicAttributes", "sns:SetTopicAttributes", "sns:AddPermission", "sns:RemovePermission", "sns:DeleteTopic", "sns:ListSubscriptionsByTopic"]
        Resource  = aws_sns_topic.this[0].arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

# Not raw: the record's attributes lie in SNS' envelope, and the function reads it.
resource "aws_sns_topic_subscription" "this" {
  count         = length(aws_sns_topic.this)
  topic_arn     = aws_sns_topic.this[0].arn
  protocol      = "sqs"
  endpoint      = var.queue_arn
  filter_policy = jsonencode(local.filter)
  # what SNS cannot put onto the queue is not lost: docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html
  redrive_policy = jsonencode({ deadLetterTargetArn = var.dead_letters_arn })
}

# Chat is enabled by a bucket for its transcripts, and files by one for attachments. An instance has one of each: one that
# is there already is left alone, or imported. docs.aws.amazon.com/connect/latest/adminguide/web-and-mobile-chat.html
resource "aws_connect_instance_storage_config" "this" {
  #checkov:skip=CKV_AWS_269:nothing of a chat is a video stream
  #checkov:skip=CKV_AWS_270:the bucket is yours, and its default encryption, by a key of yours where it has one, holds for what is written there
  for_each      = { for type, bucket in { CHAT_TRANSCRIPTS = var.connect.transcripts, ATTACHMENTS = var.connect.attachments } : type => bucket if bucket != null }
  instance_id   = local.instance_id
  resource_type = each.key

  storage_config {
    storage_type = "S3"
    s3_config {
      bucket_name   = each.value
      bucket_prefix = "${var.name}/${lower(each.key)}"
    }
  }
}
