"""Texts of others that stand on our pages: Django's on those of diners, the theme's in the back office.

Django speaks neither Hausa nor Yoruba, and not all of this in Igbo or Arabic; the theme brings no translations at all.
Naming them here puts them into our catalogues, which come before theirs. Nothing imports this module: only the
extraction reads it.
"""

from django.utils.translation import gettext_noop, ngettext

FORMS = [
    gettext_noop("This field is required."),
    gettext_noop("Enter a whole number."),
    gettext_noop("Enter a number."),
    gettext_noop("Enter a valid date."),
    gettext_noop("Enter a valid time."),
    gettext_noop("Enter a valid date/time."),
    gettext_noop("Enter a valid value."),
    gettext_noop("Enter a valid email address."),
    gettext_noop("Enter a valid UUID."),
    gettext_noop("Enter a list of values."),
    gettext_noop("Null characters are not allowed."),
    gettext_noop("Ensure this value is less than or equal to %(limit_value)s."),
    gettext_noop("Ensure this value is greater than or equal to %(limit_value)s."),
    gettext_noop("Select a valid choice. %(value)s is not one of the available choices."),
    gettext_noop("Select a valid choice. That choice is not one of the available choices."),
]

PASSWORDS = [
    gettext_noop("The two password fields didn’t match."),
    gettext_noop("Enter the same password as before, for verification."),
    gettext_noop("Old password"),
    gettext_noop("New password"),
    gettext_noop("New password confirmation"),
    gettext_noop("Your old password was entered incorrectly. Please enter it again."),
    gettext_noop("The password is too similar to the %(verbose_name)s."),
    gettext_noop("Your password can’t be too similar to your other personal information."),
    gettext_noop("This password is too common."),
    gettext_noop("Your password can’t be a commonly used password."),
]

# Django's own pages for managing rows, and the forms on them.
BACK_OFFICE = [
    gettext_noop("(Hidden field %(name)s) %(error)s"),
    gettext_noop("Addition"),
    gettext_noop("Administration"),
    gettext_noop("Clear"),
    gettext_noop("Conflicting form data submitted. Please try again."),
    gettext_noop("Currently"),
    gettext_noop("Database error"),
    gettext_noop("Date from"),
    gettext_noop("Date to"),
    gettext_noop("Deletion"),
    gettext_noop("Enter a complete value."),
    gettext_noop("Enter a valid URL."),
    gettext_noop("Enter a valid duration."),
    gettext_noop("Filter navigation items"),
    gettext_noop(
        "ManagementForm data is missing or has been tampered with. Missing fields: "
        "%(field_names)s. You may need to file a bug report if the issue persists."
    ),
    gettext_noop("Models in the %(name)s application"),
    gettext_noop("No file was submitted."),
    gettext_noop("No file was submitted. Check the encoding type on the form."),
    gettext_noop("Please correct the duplicate data for %(field)s, which must be unique."),
    gettext_noop("Please correct the duplicate data for %(field)s."),
    gettext_noop("Please correct the duplicate values below."),
    gettext_noop("Please either submit a file or check the clear checkbox, not both."),
    gettext_noop("Recent actions"),
    gettext_noop("Select format"),
    gettext_noop("The inline value did not match the parent instance."),
    gettext_noop("The submitted file is empty."),
    gettext_noop("To"),
    gettext_noop("Unknown content"),
    gettext_noop("Upload a valid image. The file you uploaded was either not an image or a corrupted image."),
    gettext_noop("Value"),
    gettext_noop("“%(pk)s” is not a valid value."),
    gettext_noop(" By %(filter_title)s "),
    gettext_noop("%(app)s administration"),
    gettext_noop("%(class_name)s %(instance)s"),
    gettext_noop("%(full_result_count)s total"),
    gettext_noop("%(name)s with ID “%(key)s” doesn’t exist. Perhaps it was deleted?"),
    gettext_noop("0 of %(cnt)s selected"),
    gettext_noop("Action"),
    gettext_noop("Action:"),
    gettext_noop("Add %s"),
    gettext_noop("Add another %(model)s"),
    gettext_noop("Add another %(verbose_name)s"),
    gettext_noop("Added {name} “{object}”."),
    gettext_noop("Added."),
    gettext_noop("All"),
    gettext_noop("All dates"),
    gettext_noop("Any date"),
    gettext_noop(
        'Are you sure you want to delete the %(object_name)s "%(escaped_object)s"? All of the '
        "following related items will be deleted:"
    ),
    gettext_noop(
        "Are you sure you want to delete the selected %(objects_name)s? All of the following "
        "objects and their related items will be deleted:"
    ),
    gettext_noop("Breadcrumbs"),
    gettext_noop("Cannot delete %(name)s"),
    gettext_noop("Change %s"),
    gettext_noop("Change history: %s"),
    gettext_noop("Change my password"),
    gettext_noop("Change password"),
    gettext_noop("Change selected %(model)s"),
    gettext_noop("Change:"),
    gettext_noop("Changed {fields} for {name} “{object}”."),
    gettext_noop("Changed {fields}."),
    gettext_noop("Clear all filters"),
    gettext_noop("Clear selection"),
    gettext_noop("Click here to select the objects across all pages"),
    gettext_noop("Currently:"),
    gettext_noop("Date/time"),
    gettext_noop("Date:"),
    gettext_noop("Delete"),
    gettext_noop("Delete multiple objects"),
    gettext_noop("Delete selected %(model)s"),
    gettext_noop("Delete selected %(verbose_name_plural)s"),
    gettext_noop("Delete?"),
    gettext_noop("Deleted {name} “{object}”."),
    gettext_noop(
        "Deleting the %(object_name)s '%(escaped_object)s' would require deleting the "
        "following protected related objects:"
    ),
    gettext_noop(
        "Deleting the %(object_name)s '%(escaped_object)s' would result in deleting related "
        "objects, but your account doesn't have permission to delete the following types of "
        "objects:"
    ),
    gettext_noop(
        "Deleting the selected %(objects_name)s would require deleting the following protected related objects:"
    ),
    gettext_noop(
        "Deleting the selected %(objects_name)s would result in deleting related objects, but "
        "your account doesn't have permission to delete the following types of objects:"
    ),
    gettext_noop("Empty"),
    gettext_noop("Filter"),
    gettext_noop("Has date"),
    gettext_noop("Hide counts"),
    gettext_noop("Hold down “Control”, or “Command” on a Mac, to select more than one."),
    gettext_noop("Home"),
    gettext_noop("Items must be selected in order to perform actions on them. No items have been changed."),
    gettext_noop("Lookup"),
    gettext_noop("No action selected."),
    gettext_noop("No date"),
    gettext_noop("No fields changed."),
    gettext_noop("No, take me back"),
    gettext_noop("None"),
    gettext_noop("Not empty"),
    gettext_noop("Objects"),
    gettext_noop("Password change"),
    gettext_noop("Past 7 days"),
    gettext_noop(
        "Please enter your old password, for security’s sake, and then enter your new "
        "password twice so we can verify you typed it in correctly."
    ),
    gettext_noop("Remove"),
    gettext_noop("Remove from sorting"),
    gettext_noop("Run the selected action"),
    gettext_noop("Save and add another"),
    gettext_noop("Save and continue editing"),
    gettext_noop("Save and view"),
    gettext_noop("Save as new"),
    gettext_noop("Select %s"),
    gettext_noop("Select %s to change"),
    gettext_noop("Select %s to view"),
    gettext_noop("Select all %(total_count)s %(module_name)s"),
    gettext_noop("Select all objects on this page for an action"),
    gettext_noop("Select this object for an action - {}"),
    gettext_noop("Show all"),
    gettext_noop("Show counts"),
    gettext_noop("Site administration"),
    gettext_noop("Sorting priority: %(priority_number)s"),
    gettext_noop("Successfully deleted %(count)d %(items)s."),
    gettext_noop("Summary"),
    gettext_noop("Thanks for spending some quality time with the web site today."),
    gettext_noop("The %(name)s “%(obj)s” was deleted successfully."),
    gettext_noop("The {name} “{obj}” was added successfully."),
    gettext_noop("The {name} “{obj}” was added successfully. You may add another {name} below."),
    gettext_noop("The {name} “{obj}” was changed successfully."),
    gettext_noop("The {name} “{obj}” was changed successfully. You may add another {name} below."),
    gettext_noop("The {name} “{obj}” was changed successfully. You may edit it again below."),
    gettext_noop("This month"),
    gettext_noop("This object doesn’t have a change history. It probably wasn’t added via this admin site."),
    gettext_noop("This year"),
    gettext_noop("Time:"),
    gettext_noop("Toggle sorting"),
    gettext_noop("Unknown"),
    gettext_noop("User"),
    gettext_noop("View"),
    gettext_noop("View %s"),
    gettext_noop("View on site"),
    gettext_noop("View selected %(model)s"),
    gettext_noop("View site"),
    gettext_noop("Yes, I’m sure"),
    gettext_noop("You don’t have permission to view or edit anything."),
    gettext_noop("You may edit it again below."),
    gettext_noop("Your password was changed."),
    gettext_noop("and"),
]

# Above lists that are looked through by day.
MONTHS = [
    gettext_noop("January"),
    gettext_noop("February"),
    gettext_noop("March"),
    gettext_noop("April"),
    gettext_noop("May"),
    gettext_noop("June"),
    gettext_noop("July"),
    gettext_noop("August"),
    gettext_noop("September"),
    gettext_noop("October"),
    gettext_noop("November"),
    gettext_noop("December"),
]

# Those that Django does not say itself: its translations serve the theme, too.
THEME = [
    gettext_noop("Add row"),
    gettext_noop("All applications"),
    gettext_noop("Cancel"),
    gettext_noop("Click to cancel"),
    gettext_noop("Click to download"),
    gettext_noop("Expand row"),
    gettext_noop("Filters"),
    gettext_noop("No results found"),
    gettext_noop("Record picture"),
    gettext_noop("Reset filters"),
    gettext_noop("Submit"),
    gettext_noop("This page yielded into no results. Create a new item or reset your filters."),
    gettext_noop("Toggle password visibility"),
    gettext_noop("You have been successfully logged out from the administration"),
    gettext_noop("Apply Filters"),
    gettext_noop("Choose file to upload"),
    gettext_noop("Dark"),
    gettext_noop("False"),
    gettext_noop("General"),
    gettext_noop("Go back"),
    gettext_noop("Image preview"),
    gettext_noop("Light"),
    gettext_noop("Loading more results..."),
    gettext_noop("More actions"),
    gettext_noop("No data"),
    gettext_noop("No recent searches"),
    gettext_noop("No results matching your query"),
    gettext_noop("Recent searches"),
    gettext_noop("Run"),
    gettext_noop("Search apps and models..."),
    gettext_noop("Select action"),
    gettext_noop("Select action to run"),
    gettext_noop("Select all rows"),
    gettext_noop("Select record"),
    gettext_noop("Select value"),
    gettext_noop("System"),
    gettext_noop("This item will be deleted."),
    gettext_noop("True"),
    gettext_noop("Type to search"),
]


def _plurals(count: int) -> list[str]:
    return [
        ngettext("Please correct the error below.", "Please correct the errors below.", count),
        ngettext(
            "%(count)s %(name)s was changed successfully.", "%(count)s %(name)s were changed successfully.", count
        ),
        ngettext("%(total_count)s selected", "All %(total_count)s selected", count),
        ngettext("entry", "entries", count),
        ngettext("%(counter)s result", "%(counter)s results", count),
        ngettext(
            "This password is too short. It must contain at least %d character.",
            "This password is too short. It must contain at least %d characters.",
            count,
        ),
        ngettext(
            "Your password must contain at least %(min_length)d character.",
            "Your password must contain at least %(min_length)d characters.",
            count,
        ),
        ngettext(
            "Ensure this value has at most %(limit_value)d character (it has %(show_value)d).",
            "Ensure this value has at most %(limit_value)d characters (it has %(show_value)d).",
            count,
        ),
    ]
