output "checked" {
  description = "The settings as they were given, of the right types (what is missing, the module that takes one has its default for); and the accounts, with every field."
  value = {
    settings = { for name in keys(var.settings) : name => local.typed[name] }
    accounts = { for key in keys(local.accounts) : key => local.typed["accounts.${key}"] }
  }

  precondition {
    condition     = length(local.faults) == 0
    error_message = join("\n", local.faults)
  }
}
