<?xml version="1.0"?>
<!-- SPDX-License-Identifier: GPL-2.0-or-later -->
<!-- A label, and what it asks of a definition that has a mode for its CPU: the same as virt-nested inject writes. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:vn="urn:virt-nested:domain:1">
  <xsl:output method="xml" omit-xml-declaration="yes"/>

  <!-- vmx for hosts with Intel, svm for those with AMD -->
  <xsl:variable name="feature">vmx</xsl:variable>

  <xsl:template match="node()|@*">
    <xsl:copy><xsl:apply-templates select="node()|@*"/></xsl:copy>
  </xsl:template>

  <xsl:template match="/domain/name">
    <xsl:copy-of select="."/>
    <metadata><vn:nested policy="require"/></metadata>
  </xsl:template>

  <xsl:template match="/domain/cpu">
    <xsl:copy>
      <xsl:apply-templates select="@*[name() != 'check']"/>
      <xsl:choose>
        <xsl:when test="@mode = 'host-passthrough' or @mode = 'maximum'"><xsl:attribute name="check">full</xsl:attribute></xsl:when>
        <xsl:otherwise><xsl:copy-of select="@check"/></xsl:otherwise>
      </xsl:choose>
      <xsl:apply-templates select="node()"/>
      <feature policy="require" name="{$feature}"/>
    </xsl:copy>
  </xsl:template>
</xsl:stylesheet>
