//! `FormModel::cleanAlias`: texts reduced to what may stand in an alias.

/// Lower-case ASCII letters, digits, `_` and `-`; accents are dropped, blanks become `space`.
#[must_use]
pub fn clean_alias(text: &str, space: char) -> String {
    let mut alias = String::with_capacity(text.len());
    for letter in text.trim().chars() {
        match letter {
            ' ' => alias.push(space),
            '_' | '-' => alias.push(letter),
            _ if letter.is_ascii_alphanumeric() => alias.push(letter.to_ascii_lowercase()),
            _ => alias.push_str(transliterated(letter)),
        }
    }
    alias.strip_suffix('_').unwrap_or(&alias).to_owned()
}

fn transliterated(letter: char) -> &'static str {
    match letter.to_lowercase().next().unwrap_or(letter) {
        'à' | 'á' | 'â' | 'ã' | 'å' | 'ā' | 'ă' | 'ą' => "a",
        'ä' | 'æ' => "ae",
        'ç' | 'ć' | 'č' => "c",
        'ď' | 'đ' => "d",
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ę' | 'ě' => "e",
        'ğ' => "g",
        'ì' | 'í' | 'î' | 'ï' | 'ī' | 'ı' => "i",
        'ł' => "l",
        'ñ' | 'ń' | 'ň' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ø' | 'ő' => "o",
        'ö' | 'œ' => "oe",
        'ř' => "r",
        'ś' | 'š' | 'ş' => "s",
        'ß' => "ss",
        'ť' | 'ţ' => "t",
        'ù' | 'ú' | 'û' | 'ů' | 'ű' => "u",
        'ü' => "ue",
        'ý' | 'ÿ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::clean_alias;

    #[test]
    fn aliases() {
        assert_eq!(clean_alias("Hot for Öfen & Co_", '-'), "hot-for-oefen--co");
    }
}
