# SPDX-License-Identifier: GPL-2.0-or-later
# Terraform with the provider dmacvicar/libvirt up to 0.8.
#
# The contract (the provider's branch v0.8, libvirt/utils_xslt.go and resource_libvirt_domain.go): the definition goes through
# `xsltproc --nomkdir --nonet --nowrite STYLESHEET FILE`, which has to be installed where Terraform runs, before it is defined. The
# stylesheet can do all that the label asks for; it cannot ask the host, so it names the feature. The attribute `metadata` of these
# versions is accepted and written nowhere: the label is in the stylesheet as well.
terraform {
  required_providers {
    libvirt = {
      source  = "dmacvicar/libvirt"
      version = "~> 0.8.0"
    }
  }
}

resource "libvirt_domain" "nested" {
  name   = "nested"
  memory = 1024

  cpu {
    mode = "host-passthrough"
  }

  xml {
    xslt = file("nested-require.xsl")
  }
}
