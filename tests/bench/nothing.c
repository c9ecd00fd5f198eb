// SPDX-License-Identifier: GPL-2.0-or-later
// A static program that does nothing: what any process costs.
int main(void) {
    return 0;
}
