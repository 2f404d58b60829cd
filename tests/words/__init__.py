"""What people read: the rules of docs/glossary.md, checked in every catalogue, template, help page and command."""
