output "checked" {
  description = "The settings as they were given, of the right types (what is missing, the module that takes one has its default for); and the accounts, with every field."
  value = {
    settings = { for name in keys(var.settings) : name => local.typed[name] }
    accounts = {
      for key in keys(local.accounts) : key => merge(local.typed["accounts.${key}"], {
        front = {
          for feature, fields in local.front_features : feature => {
            for field, value in local.typed["accounts.${key}.front.${feature}"] : field => value if value != null
          } if contains(keys(local.typed), "accounts.${key}.front.${feature}")
        }
      })
    }
  }

  precondition {
    condition     = length(local.faults) == 0
    error_message = join("\n", local.faults)
  }
}
