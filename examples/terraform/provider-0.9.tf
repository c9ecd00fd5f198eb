# SPDX-License-Identifier: GPL-2.0-or-later
# Terraform with the provider dmacvicar/libvirt from 0.9 on.
#
# The contract (the provider's README.md, docs/schema-mapping.md, docs/resources/domain.md): a rewrite whose attributes are libvirt's
# own elements. There is no XSLT any more, and no place for a filter. There need be none: the attributes say it. What the
# configuration does not name it leaves as it finds it, so a guest that carries the label alone may also be left to
# virt-nested-watch on its host; the next change that Terraform makes defines it anew, and the watch mends that too.
terraform {
  required_providers {
    libvirt = {
      source  = "dmacvicar/libvirt"
      version = ">= 0.9.0"
    }
  }
}

resource "libvirt_domain" "nested" {
  name        = "nested"
  type        = "kvm"
  memory      = 1024
  memory_unit = "MiB"
  vcpu        = 1

  metadata = {
    xml = "<vn:nested xmlns:vn=\"urn:virt-nested:domain:1\" policy=\"require\"/>"
  }

  cpu = {
    mode  = "host-passthrough"
    check = "full"
    # vmx for hosts with Intel, svm for those with AMD
    features = [{ name = "vmx", policy = "require" }]
  }

  os = {
    type         = "hvm"
    type_arch    = "x86_64"
    type_machine = "q35"
  }
}
