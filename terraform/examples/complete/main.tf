# The whole bridge from one place: an account each of Instagram, TikTok and X, two regions that need not be the same. Before the
# first bridge of an AWS account: examples/account.
terraform {
  required_version = ">= 1.11"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7"
    }
    genesyscloud = {
      source  = "mypurecloud/genesyscloud"
      version = "~> 1.84"
    }
  }

  # The state holds the webhook secret of Genesys Cloud: keep it encrypted, and let few read it.
  # backend "s3" {
  #   bucket       = "acme-terraform"
  #   key          = "dmdesk/prod"
  #   region       = "eu-west-1"
  #   encrypt      = true
  #   use_lockfile = true
  # }
}

locals {
  genesys_region = "eu-central-1"
}

provider "aws" {
  region = "eu-west-1"
  default_tags {
    tags = { application = "dmdesk", environment = "prod" }
  }
}

# The id and secret come from GENESYSCLOUD_OAUTHCLIENT_ID and GENESYSCLOUD_OAUTHCLIENT_SECRET, which the command that
# attaches the flow reads, too: export both. The region it has from the module.
provider "genesyscloud" {
  aws_region = local.genesys_region
}

module "dmdesk" {
  source = "../.."

  name           = "dmdesk-prod"
  genesys_region = local.genesys_region

  accounts = {
    acme_ig = { channel = "instagram", id = "17841400000000001", name = "acme" }
    acme_tt = { channel = "tiktok", id = "-000Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8Qr9St0", name = "acme", language = "es" }
    acme_x  = { channel = "x", id = "1111111111111111111", name = "acme" }
  }

  instagram                      = var.instagram
  tiktok                         = var.tiktok
  channel_secrets                = var.channel_secrets
  genesys_oauth_clients          = var.genesys_oauth_clients
  genesys_oauth_client_ids       = var.genesys_oauth_client_ids
  genesys_webhook_secret         = var.genesys_webhook_secret
  genesys_webhook_former_secrets = var.genesys_webhook_former_secrets
  account_tokens                 = var.account_tokens

  media_days = 30

  # without a name: "dmdesk-prod social messages"
  queue  = { wrapup_codes = ["Answered", "Complaint", "Spam"] }
  alarms = { emails = ["contact-centre@example.com"], quiet_hours = 12 }
}

output "paste" {
  description = "What to paste where, once."
  value       = module.dmdesk.paste
}

output "dashboard_url" {
  description = "The dashboard in the AWS console."
  value       = module.dmdesk.dashboard_url
}

output "operator_environment" {
  description = "What the command line needs to find this deployment, regions included: eval \"$(terraform output -raw operator_environment)\"."
  value       = module.dmdesk.operator_environment
}

output "health_url" {
  description = "Answers 200 while the edge runs."
  value       = module.dmdesk.health_url
}

output "supervisors_topic_arn" {
  description = "The SNS topic where supervisors read of windows that close."
  value       = module.dmdesk.supervisors_topic_arn
}

output "aws" {
  description = "Names and URLs in AWS, for operators."
  value       = module.dmdesk.aws
}

output "genesys_role_id" {
  description = "The least role for the bridge's OAuth clients."
  value       = module.dmdesk.genesys_role_id
}

output "link_commands" {
  description = "What attaches the flow and gives the role, where Terraform does not (link = \"none\")."
  value       = module.dmdesk.link_commands
}

output "connect" {
  description = "Of Amazon Connect, where it is given: topic, flows, the queue that the topic feeds and its filter."
  value       = module.dmdesk.connect
}
