use tf_provider::StringEnum;

#[derive(StringEnum, Clone, Debug)]
#[tf(rename_all = "camelCase")]
enum Sort {
    One,
}

fn main() {}
