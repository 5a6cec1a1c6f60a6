# Where our flow and our queue are, and in which division the bridge's clients have their role. Home needs no look.
data "genesyscloud_auth_division" "ours" {
  count = var.division == "Home" ? 0 : 1

  name = var.division
}

locals {
  # null: the home division
  division_id = one(data.genesyscloud_auth_division.ours[*].id)
}
