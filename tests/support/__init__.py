"""What tests share: real servers, and small builders for what is sent to them."""
