variable "link" {
  description = "Who attaches the flow to the integrations, and gives the bridge's clients their role: command, Terraform by ops_command; none, people by the commands of the output link_commands."
  type        = string
  default     = "command"
  nullable    = false

  validation {
    condition     = contains(["command", "none"], var.link)
    error_message = "link is command or none. Not provider: Genesys Cloud's provider (1.84) has no resource that attaches a flow to an Open Messaging integration, nor one that gives a role to an OAuth client which it did not make."
  }
}
